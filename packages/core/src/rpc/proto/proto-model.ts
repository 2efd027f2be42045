/** A .proto file as data: written as text for people and as JSON for reflection from the same source. */
export interface ProtoFile {
  readonly package: string;
  readonly imports: readonly string[];
  readonly messages: readonly ProtoMessage[];
  readonly services: readonly ProtoService[];
}

export interface ProtoMessage {
  readonly name: string;
  readonly comment?: string;
  readonly fields: readonly ProtoField[];
}

export interface ProtoField {
  readonly name: string;
  readonly number: number;
  readonly type: string;
  /** `optional`: explicit presence, so that a forgotten field is told from a zero. */
  readonly label?: 'optional' | 'repeated';
  readonly packed?: boolean;
  readonly comment?: string;
}

export interface ProtoService {
  readonly name: string;
  readonly comment?: string;
  readonly methods: readonly ProtoMethod[];
}

export interface ProtoMethod {
  readonly name: string;
  readonly request: string;
  readonly response: string;
  readonly stream: boolean;
  readonly comment?: string;
}
