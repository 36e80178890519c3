import { describe, expect, it } from 'vitest';

import { bridgeStanding } from '../src/lib/states';
import { aRunningState, aState } from './samples';

const problem = {
  bridge: 'home',
  part: 'broker',
  code: 'broker_unreachable',
  message: '',
  time_ms: 0,
} as const;

describe('a bridge says how it stands', () => {
  it('when it is stopped', () => {
    expect(bridgeStanding({ state: aState(), start_error: null })).toMatchObject({
      tone: 'idle',
      short: 'Stopped',
    });
  });

  it('when messages cross', () => {
    expect(bridgeStanding({ state: aRunningState(), start_error: null })).toMatchObject({
      tone: 'good',
      short: 'Running',
    });
  });

  it('when a part is down, and which', () => {
    const state = aRunningState({
      ready: false,
      broker: { status: 'down', problem },
      network: { status: 'down', problem },
    });
    const standing = bridgeStanding({ state, start_error: null });
    expect(standing.short).toBe('Interrupted');
    expect(standing.long).toContain('Not working: Broker and Network');
  });

  it('when it is being started', () => {
    const state = aRunningState({ ready: false, node: { status: 'connecting' } });
    expect(bridgeStanding({ state, start_error: null })).toMatchObject({
      tone: 'wait',
      long: 'Connecting: Node.',
    });
  });

  it('when it could not be started, and why', () => {
    const start_error = { code: 'bridge_in_use', message: '', field: null } as const;
    expect(bridgeStanding({ state: aState(), start_error })).toMatchObject({
      short: 'Not started',
      long: 'Another program runs this bridge',
    });
  });
});
