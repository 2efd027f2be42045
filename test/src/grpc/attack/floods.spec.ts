import { floodSuite } from './floods.js';

floodSuite('witan');
