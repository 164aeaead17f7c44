// What is used of the package `x11`, which has no types of its own.

declare module 'x11' {
  import type { EventEmitter } from 'node:events';

  export interface XEvent {
    readonly name?: string;
    readonly wid?: number;
    readonly atom?: number;
  }

  export interface XProperty {
    readonly format: number;
    readonly data: Buffer;
  }

  type Answered<Result> = (error: Error | null | undefined, result?: Result) => boolean;

  export interface XClient extends EventEmitter {
    InternAtom(onlyIfExists: boolean, name: string, answered: Answered<number>): void;
    ChangeWindowAttributes(
      window: number,
      attributes: { readonly eventMask: number },
      answered: Answered<unknown>,
    ): void;
    GetProperty(
      remove: number,
      window: number,
      property: number,
      type: number,
      offset: number,
      length: number,
      answered: Answered<XProperty>,
    ): void;
    // What tests open windows with.
    AllocID(): number;
    CreateWindow(
      window: number,
      parent: number,
      x: number,
      y: number,
      width: number,
      height: number,
    ): void;
    MapWindow(window: number): void;
    DestroyWindow(window: number): void;
    SendClientMessage(
      to: number,
      window: number,
      type: number,
      format: number,
      data: readonly number[],
    ): void;
    terminate(): void;
  }

  export interface XDisplay {
    readonly client: XClient;
    readonly screen: readonly { readonly root: number }[];
  }

  interface Options {
    readonly display: string;
    /** Something that is written to and read from as a socket is; without it the display's own. */
    readonly stream?: EventEmitter;
    readonly disableBigRequests: true;
  }

  const x11: {
    createClient(
      options: Options,
      ready: (error: Error | undefined, display?: XDisplay) => void,
    ): XClient;
  };
  export default x11;
}
