import { floodSuite } from './floods.js';

// What its neighbours must not notice either; it takes longer, and changes only with Node.
floodSuite('grpc-js');
