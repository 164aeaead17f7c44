import { kill } from '../support/crash/killed.js';

kill('plugin-host');
