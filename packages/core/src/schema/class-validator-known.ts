import * as cv from 'class-validator';

/** What class-validator stores for one use of a decorator. */
export interface DecoratorUse {
  readonly type: string;
  readonly name?: string;
  readonly constraints?: readonly unknown[];
  readonly each?: boolean;
  readonly message?: string | ((args: cv.ValidationArguments) => string);
  readonly validateIf?: unknown;
  readonly constraintCls: new () => unknown;
  readonly propertyName: string;
}

type Factory = (constraints: readonly unknown[], each: boolean) => PropertyDecorator;
type Exported = (...args: unknown[]) => PropertyDecorator;

/** class-validator's decorators that only look at the value, by how many constraints come before the options. */
const WITHOUT_CONSTRAINT = [
  'IsDefined',
  'IsEmpty',
  'IsNotEmpty',
  'IsBoolean',
  'IsDate',
  'IsInt',
  'IsString',
  'IsArray',
  'IsObject',
  'IsPositive',
  'IsNegative',
  'IsLatLong',
  'IsLatitude',
  'IsLongitude',
  'IsAscii',
  'IsCreditCard',
  'IsFullWidth',
  'IsHalfWidth',
  'IsVariableWidth',
  'IsHexColor',
  'IsHexadecimal',
  'IsMACAddress',
  'IsPort',
  'IsISIN',
  'IsJSON',
  'IsJWT',
  'IsLowercase',
  'IsUppercase',
  'IsISO31661Alpha2',
  'IsISO31661Alpha3',
  'IsISO31661Numeric',
  'IsMongoId',
  'IsMultibyte',
  'IsSurrogatePair',
  'IsFirebasePushId',
  'IsMilitaryTime',
  'IsBooleanString',
  'IsBase32',
  'IsBIC',
  'IsBtcAddress',
  'IsDataURI',
  'IsEAN',
  'IsEthereumAddress',
  'IsHSL',
  'IsISRC',
  'IsLocale',
  'IsMagnetURI',
  'IsMimeType',
  'IsOctal',
  'IsRFC3339',
  'IsSemVer',
  'IsTimeZone',
  'IsBase58',
  'IsISO4217CurrencyCode',
  'IsISO6391',
  'ArrayNotEmpty',
  'ArrayUnique',
] as const satisfies readonly (keyof typeof cv)[];
const ONE_CONSTRAINT = [
  'Equals',
  'NotEquals',
  'IsIn',
  'IsNotIn',
  'IsNumber',
  'IsEnum',
  'IsDivisibleBy',
  'Min',
  'Max',
  'MinDate',
  'MaxDate',
  'Contains',
  'NotContains',
  'IsAlpha',
  'IsAlphanumeric',
  'IsDecimal',
  'IsBase64',
  'IsCurrency',
  'IsEmail',
  'IsFQDN',
  'IsIP',
  'IsISBN',
  'IsISO8601',
  'IsUrl',
  'IsUUID',
  'MinLength',
  'MaxLength',
  'IsPhoneNumber',
  'IsHash',
  'IsISSN',
  'IsDateString',
  'IsNumberString',
  'IsIdentityCard',
  'IsPassportNumber',
  'IsPostalCode',
  'IsRgbColor',
  'IsStrongPassword',
  'IsTaxId',
  'ArrayContains',
  'ArrayNotContains',
  'ArrayMinSize',
  'ArrayMaxSize',
  'IsNotEmptyObject',
  'IsInstance',
  'IsIBAN',
] as const satisfies readonly (keyof typeof cv)[];
const TWO_CONSTRAINTS = [
  'Length',
  'Matches',
  'IsByteLength',
  'IsMobilePhone',
] as const satisfies readonly (keyof typeof cv)[];

/** The names that users write: `Min`, `IsEmail`, … (docs/guide/schema.md lists them). */
export const COMPILED_DECORATORS: readonly string[] = [
  'IsOptional',
  ...WITHOUT_CONSTRAINT,
  ...ONE_CONSTRAINT,
  ...TWO_CONSTRAINTS,
].sort();

let factories: ReadonlyMap<string, Factory> | undefined;

/** Makes the decorator again from a rule's stored name and constraints; `undefined` for names that are not built in. */
export function knownDecorator(name: string): Factory | undefined {
  return (factories ??= collectFactories()).get(name);
}

function collectFactories(): ReadonlyMap<string, Factory> {
  const found = new Map<string, Factory>();
  const add = (exported: string, count: number): void => {
    const decorator = (cv as unknown as Record<string, Exported>)[exported]!;
    const factory: Factory = (constraints, each) => {
      const args = Array.from({ length: count }, (_, i) => constraints[i]);
      return decorator(...args, { each });
    };
    found.set(useOf(factory([{}], false)).name!, factory);
  };
  for (const name of WITHOUT_CONSTRAINT) add(name, 0);
  for (const name of ONE_CONSTRAINT) add(name, 1);
  for (const name of TWO_CONSTRAINTS) add(name, 2);
  return found;
}

/** What a decorator stores, seen by applying it to a class of our own. */
export function useOf(decorator: PropertyDecorator): DecoratorUse {
  class Probe {}
  decorator(Probe.prototype, 'value');
  return usesOn(Probe)[0]!;
}

/** Everything that class-validator would check on an instance of `type`, in its order. */
export function usesOn(type: abstract new (...args: never[]) => object): DecoratorUse[] {
  return cv.getMetadataStorage().getTargetValidationMetadatas(type, '', false, false) as unknown as DecoratorUse[];
}

/** The validator behind a use. */
export function constraintOf(
  use: DecoratorUse,
): { name: string; async: boolean; instance: cv.ValidatorConstraintInterface } | undefined {
  const [found] = cv.getMetadataStorage().getTargetValidatorConstraints(use.constraintCls);
  return found && { name: found.name, async: found.async, instance: found.instance };
}

const texts = new Map<string, string>();

/**
 * True when a use is the built-in decorator of its name, and not a custom one that took the same name: their default
 * messages are compared, because class-validator keeps nothing else that tells them apart.
 */
export function isBuiltIn(use: DecoratorUse): boolean {
  const factory = use.name === undefined ? undefined : knownDecorator(use.name);
  if (!factory) return false;
  const key = `${use.name} ${use.each === true}`;
  let text = texts.get(key);
  if (text === undefined)
    texts.set(key, (text = defaultText(useOf(factory(use.constraints ?? [], use.each === true)))));
  return defaultText(use) === text;
}

function defaultText(use: DecoratorUse): string {
  const constraint = constraintOf(use);
  const args = { value: undefined, constraints: [], targetName: '', object: {}, property: '' };
  return constraint?.instance.defaultMessage?.(args) ?? '';
}
