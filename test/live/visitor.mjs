// Attaches to argv[2] and stays there, profiling, until it is killed.
import { attach } from '../../dist/target/attach.js';

const { session } = await attach(Number(process.argv[2]));
await session.send('Profiler.enable');
await session.send('Profiler.start');
setInterval(() => {}, 1000);
