import { parentPort } from 'node:worker_threads';
import type { WalkAnswer, WalkRequest } from './folder-lister.js';
import { type Walk, walk } from './walk.js';

/** What was answered last for each folder, as text: an unchanged listing crosses the thread boundary as one word. */
const answered = new Map<string, string>();

parentPort!.on('message', (request: WalkRequest) => parentPort!.postMessage(answer(request)));

function answer({ id, root, folder }: WalkRequest): WalkAnswer {
  try {
    return { id, walk: unlessSame(`${root}\0${folder}`, walk(root, folder)) };
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    return { id, error: { message, code } };
  }
}

function unlessSame(key: string, found: Walk): Walk | 'same' {
  const text = [found.paths, found.revisions, found.folders, found.refused].map((each) => each.join('\n')).join('\n\n');
  if (answered.get(key) === text) return 'same';
  answered.set(key, text);
  return found;
}
