/** What is wrong with a network, in words. */
import { afterEach, describe, expect, it } from 'vitest';

import { LANGUAGES, locale } from '../src/i18n/index.svelte';
import { diagnosis, FINDINGS } from '../src/lib/diagnosis';
import type { Finding } from '../src/lib/model';

function aFinding(change: Partial<Finding>): Finding {
  return { code: 'no_peers', severity: 'fault', subject: '', amount: 0, detail: null, ...change };
}

afterEach(() => locale.choose('en'));

describe('a finding', () => {
  it.each(LANGUAGES)('says in %s what, why, and what to do, whatever it is', (language) => {
    locale.choose(language);
    for (const code of FINDINGS) {
      const { what, why, todo } = diagnosis(aFinding({ code, subject: 'mqtt_bob', amount: 7200 }));
      for (const text of [what, why, todo]) expect(text, code).toMatch(/^[^{}]{4,}$/);
    }
  });

  it('has its figures in it', () => {
    expect(diagnosis(aFinding({ code: 'node_syncing', amount: 400 })).what).toBe(
      'The node is 400 blocks behind',
    );
    expect(diagnosis(aFinding({ code: 'clock_wrong', amount: -3600 })).what).toContain('1 hr');
    expect(diagnosis(aFinding({ code: 'port_closed', amount: 29333 })).why).toContain('port 29333 ');
    expect(diagnosis(aFinding({ code: 'swarm_not_joined', subject: 'mqtt_bob' })).what).toContain(
      '@mqtt_bob',
    );
    expect(diagnosis(aFinding({ code: 'swarm_not_joined', amount: 1 })).what).toContain('your swarm');
  });

  it('that is not looked for here is told in the app’s own words', () => {
    const told = diagnosis(aFinding({ code: 'storage_failed', detail: 'the disk is full' }));
    expect(told).toMatchObject({ tone: 'bad', why: 'The disk is full.', todo: '' });
  });
});
