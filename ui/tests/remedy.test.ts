import { describe, expect, it } from 'vitest';

import type { BridgeView, Problem } from '../src/lib/model';
import { firstRemedy } from '../src/lib/remedy';
import { FakeBackend } from './fake-backend';
import { aBridge, aRunningState } from './samples';

const problem = (code: Problem['code']): Problem => ({
  bridge: 'home',
  part: 'node',
  code,
  message: 'so it is',
  time_ms: 0,
});

const down = (code: Problem['code'], id = 'home'): BridgeView =>
  aBridge({ id, state: aRunningState({ node: { status: 'down', problem: problem(code) } }) });

const of = (...bridges: BridgeView[]) => firstRemedy(new FakeBackend(bridges).state);

describe('the one thing to mend', () => {
  it('is nothing when all is well', () => {
    expect(of(aBridge(), aBridge({ state: aRunningState() }))).toBeNull();
  });

  it('is a password where one is missing or wrong', () => {
    const start_error = { code: 'password_missing', message: 'no password', field: null } as const;
    expect(of(aBridge({ start_error }))).toMatchObject({
      action: 'fix_password',
      target: { page: 'bridge', id: 'home', tab: 'settings' },
    });
    expect(of(down('node_credentials'))?.action).toBe('fix_password');
  });

  it('is the address where nothing answers', () => {
    expect(of(down('node_unreachable'))?.action).toBe('fix_settings');
  });

  it('is to be looked at where only patience helps', () => {
    expect(of(down('node_syncing'))).toMatchObject({ action: 'open', target: { tab: 'messages' } });
  });

  it('is a bridge that does not start before one that is interrupted', () => {
    const start_error = { code: 'start_failed', message: 'no', field: null } as const;
    expect(of(down('no_peers'), aBridge({ id: 'field', start_error }))?.bridge.id).toBe('field');
  });
});
