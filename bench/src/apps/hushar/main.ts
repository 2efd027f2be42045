import type { HusharWorkloadName } from '../../workloads/hushar.js';
import { serve } from '../serve.js';
import { husharApp } from './hushar-app.js';

await serve(husharApp(process.env['WORKLOAD'] as HusharWorkloadName));
