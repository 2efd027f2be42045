import { misuseSuite } from './misuse.js';

misuseSuite('witan');
