// What is asked last is what is answered: what was asked before is dropped at its next step.

export class Newest {
  private asked = 0;
  private busy = false;

  // `answer` looks after each of its steps whether it is `outdated`.
  constructor(
    private place: HTMLElement,
    private answer: (outdated: () => boolean) => Promise<void>,
    private failed: (reason: string) => void,
  ) {}

  async ask(): Promise<void> {
    this.asked++;
    if (this.busy) return;
    this.busy = true;
    this.place.ariaBusy = "true";
    for (let job = 0; job !== this.asked;) {
      job = this.asked;
      try {
        await this.answer(() => job !== this.asked);
      } catch (error) {
        this.failed((error as Error).message);
      }
    }
    this.busy = false;
    this.place.ariaBusy = "false";
  }
}
