import { describe, expect, it } from 'vitest';
import { drawHeap } from '../heap/query-heap.fixture.ts';
import { ExploreSession } from './explore-session.ts';

const STYLE = { columns: 80, color: false, unicode: true };

function session(): ExploreSession {
  return new ExploreSession(
    drawHeap([
      { id: 1, type: 'synthetic', name: '', self: 0, edges: [['shortcut', 'global', 1]] },
      { id: 3, type: 'object', name: 'global', self: 10, edges: [['property', 'app', 2]] },
      {
        id: 5,
        type: 'object',
        name: 'App',
        self: 20,
        edges: [
          ['property', 'sessions', 3],
          ['property', 'a.b', 4],
          ['property', 'evil\u001b[2J', 4],
        ],
      },
      { id: 7, type: 'object', name: 'Array', self: 30, edges: [['element', 0, 5]] },
      { id: 9, type: 'string', name: 'text\u001b[31m', self: 40, edges: [] },
      { id: 11, type: 'object', name: 'Session', self: 50, edges: [['property', 'app', 2]] },
    ]),
  );
}

/** What the last of some lines prints. */
async function last(at: ExploreSession, ...lines: string[]): Promise<string | undefined> {
  let answer: string | undefined = '';
  for (const line of lines) answer = await at.run(line, STYLE);
  return answer;
}

describe('exploring a heap', () => {
  it('begins at the global object', () => {
    expect(session().place).toBe('global @3');
  });

  it.each([
    ['cd app.sessions[0]', 'Session @11'],
    ['cd @7', 'Array @7'],
    ['cd app.a.b', 'global @3'],
  ])('%s', async (line, place) => {
    const at = session();
    await at.run(line, STYLE).catch(() => {});
    expect(at.place).toBe(place);
  });

  it('takes a name with a dot whole, goes back, to the root and home', async () => {
    const at = session();
    await last(at, 'cd app', 'cd a.b');
    expect(at.place).toContain('@9');
    await last(at, 'cd ..');
    expect(at.place).toBe('App @5');
    await last(at, 'cd /');
    expect(at.place).toContain('@1');
    await last(at, 'cd');
    expect(at.place).toBe('global @3');
  });

  it('lists, filters and shows', async () => {
    expect(await last(session(), 'cd app', 'ls')).toMatch(/edge.*\n.*sessions/s);
    expect(await last(session(), 'cd app', 'ls sess')).not.toContain('a.b');
    expect(await last(session(), 'cd app', 'show')).toMatch(/class {7}App\n.*retained/s);
    expect(await last(session(), 'cd app.sessions', 'pwd')).toMatch(/app\.sessions {2}@7\n/);
    expect(await last(session(), 'cd app.sessions', 'retainers')).toContain('@5');
    expect(await last(session(), 'classes Ses')).toMatch(/Session +1/);
  });

  it('answers queries, about the current object too', async () => {
    expect(await last(session(), "select count(*) where class = 'Session'")).toBe('1\n');
    expect(await last(session(), 'cd app', 'select edge from refs(this) limit 1')).toContain('sessions');
    expect(await last(session(), 'path(@11)')).toContain('Session');
  });

  it('lets nothing through to the terminal', async () => {
    for (const line of ['ls', 'show', 'pwd', 'select name']) {
      const answer = (await last(session(), 'cd app', line)) ?? '';
      expect(answer).not.toContain('\u001b');
    }
    expect(await last(session(), 'cd @9', 'show')).not.toContain('\u001b');
    const refused = await session()
      .run('cd \u001b[31mx', STYLE)
      .catch((error: Error) => error.message);
    expect(refused).toMatch(/has no/);
    expect(refused).not.toContain('\u001b');
  });

  it('says what is wrong and what is near', async () => {
    await expect(session().run('cd appp', STYLE)).rejects.toMatchObject({ hint: 'did you mean app?' });
    await expect(session().run('retainer', STYLE)).rejects.toMatchObject({ hint: 'did you mean retainers?' });
    await expect(session().run('cd @99', STYLE)).rejects.toThrow(/no object @99/);
    await expect(session().run('select nonsense', STYLE)).rejects.toThrow(/no column nonsense/);
  });

  it('completes commands, edges, paths and classes', () => {
    const at = session();
    expect(at.complete('ret')).toEqual([['retainers '], 'ret']);
    expect(at.complete('cd a')).toEqual([['app'], 'a']);
    expect(at.complete('cd app.se')).toEqual([['app.sessions'], 'app.se']);
    expect(at.complete("select id where class = 'Ses")[0]).toEqual(['Session']);
  });

  it('leaves', async () => {
    expect(await last(session(), 'exit')).toBeUndefined();
  });
});
