/** The time, as often as something that shows it needs it. */

/** Makes a clock that goes on every so many milliseconds while the component that made it is there. */
export function clock(period: number): { readonly now: number } {
  let now = $state(Date.now());
  $effect(() => {
    const timer = setInterval(() => (now = Date.now()), period);
    return () => clearInterval(timer);
  });
  return {
    get now() {
      return now;
    },
  };
}
