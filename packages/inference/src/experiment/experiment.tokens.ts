/** What `ExperimentModule.forRoot` was given. */
export const EXPERIMENT_MODULE_OPTIONS = Symbol.for('witan.experimentModuleOptions');
/** The metadata that `@Experiment` leaves on a method or a class: {@link DeclaredExperiment}s. */
export const EXPERIMENT_METADATA = Symbol.for('witan.experiments');
