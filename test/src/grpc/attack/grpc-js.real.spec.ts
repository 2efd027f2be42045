import { floodSuite } from './floods.js';
import { misuseSuite } from './misuse.js';

// What its neighbours must not notice either; it takes longer, and changes only with Node.
floodSuite('grpc-js');
misuseSuite('grpc-js');
