import 'reflect-metadata';
import { Injectable } from '@nestjs/common';
import type { BatchOptions } from '../batch/batch-options.js';
import type { Frame } from '../frame/frame.js';
import type { SchemaSpec } from '../schema/spec.js';
import type { Class, HandlerOf, HandlerOutput, MaybePromise } from './handler-types.js';

/** Options of one handler. */
export interface HandlerOptions<I extends object, O extends object> {
  /**
   * The schema of the Frame that it takes: a `@Schema()` class, or what `Schema.dynamic` gave.
   * @default untyped: the dtypes are inferred from the request
   */
  readonly in?: Class<I> | SchemaSpec;
  /**
   * The schema of the Frame that it gives; checked on every answer.
   * @default untyped: what it gives is sent as it is
   */
  readonly out?: Class<O> | SchemaSpec;
  /**
   * Batch the rows of many requests into one Frame: `true` for the defaults, or the limits. A batched handler gets a
   * BatchContext, gives exactly as many rows as it got, and can neither stream nor answer early.
   * @default false: called once per request
   */
  readonly batch?: boolean | BatchOptions;
}

/** What `@Handler` remembers. */
export interface HandlerMetadata extends HandlerOptions<object, object> {
  /** The method's name; `handle` for a class handler. */
  readonly method: string;
}

/** Decorates a method whose types agree with the schemas, or a class that implements {@link HandlerOf}. */
export interface HandlerDecorator<I extends object, O extends object> {
  <M extends (frame: Frame<I>, ...rest: never[]) => MaybePromise<HandlerOutput<O>>>(
    target: object,
    method: string,
    descriptor: TypedPropertyDescriptor<M>,
  ): void;
  <C extends new (...args: never[]) => HandlerOf<I, O>>(target: C): void;
}

const HANDLERS = 'witan:handlers';

/**
 * Marks a method of a service, or a class, as a handler: a step of a service's chain.
 *
 * @example
 * ```ts
 * import { Column, Frame, Handler, Schema, Service } from '@witan/core';
 *
 * @Schema()
 * class Point {
 *   @Column('f64') x!: number;
 * }
 *
 * @Service('echo')
 * class EchoService {
 *   @Handler({ in: Point, out: Point })
 *   echo(points: Frame<Point>) {
 *     return points;
 *   }
 * }
 * ```
 */
export function Handler<I extends object = any, O extends object = any>( // eslint-disable-line @typescript-eslint/no-explicit-any -- an untyped handler takes and gives any record
  options: HandlerOptions<I, O> = {},
): HandlerDecorator<I, O> {
  const decorate = (target: object, method?: string): void => {
    const owner = method === undefined ? (target as { prototype: object }).prototype : target;
    if (method === undefined) Injectable()(target as never);
    const metadata: HandlerMetadata = { ...(options as HandlerOptions<object, object>), method: method ?? 'handle' };
    const known = (Reflect.getOwnMetadata(HANDLERS, owner) as HandlerMetadata[] | undefined) ?? [];
    Reflect.defineMetadata(HANDLERS, [...known, metadata], owner);
  };
  return decorate as HandlerDecorator<I, O>;
}

/** The `@Handler`s of a class, its own after its parents'; a method that is decorated again replaces the parent's. */
export function handlersOf(type: Class): readonly HandlerMetadata[] {
  const found = new Map<string, HandlerMetadata>();
  const collect = (prototype: object | null): void => {
    if (prototype === null || prototype === Object.prototype) return;
    collect(Object.getPrototypeOf(prototype) as object | null);
    const own = (Reflect.getOwnMetadata(HANDLERS, prototype) as HandlerMetadata[] | undefined) ?? [];
    for (const metadata of own) found.set(metadata.method, metadata);
  };
  collect(type.prototype as object);
  return [...found.values()];
}
