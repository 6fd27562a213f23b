public import AssayMessages
internal import Dispatch
public import RPC

/// `assay.models.v1.Experiments`.
public struct ExperimentsService: AssayModelsV1.Experiments.Service {
    let registry: ModelRegistry
    let exposures: ExposureIndex
    let analyst: ExperimentAnalyst

    public init(
        _ registry: ModelRegistry, exposures: ExposureIndex, analyst: ExperimentAnalyst
    ) {
        self.registry = registry
        self.exposures = exposures
        self.analyst = analyst
    }

    public func applyExperiment(
        _ request: AssayModelsV1.ApplyExperimentRequest, context: ServerContext
    ) async throws -> AssayModelsV1.ExperimentPlan {
        try await registry.applyExperiment(request, by: context.caller.client)
    }

    public func stopExperiment(
        _ request: AssayModelsV1.StopExperimentRequest, context: ServerContext
    ) async throws -> AssayModelsV1.Experiment {
        counted(try await registry.stopExperiment(request, by: context.caller.client))
    }

    public func getExperiment(
        _ request: AssayModelsV1.ExperimentRef, context: ServerContext
    ) async throws -> AssayModelsV1.Experiment {
        counted(try registry.snapshot.experiment(request.experiment).experiment)
    }

    public func listExperiments(
        _ request: AssayModelsV1.ListExperimentsRequest, context: ServerContext
    ) async throws -> AssayModelsV1.ExperimentPage {
        let found = registry.snapshot.experiments
            .filter { record in
                (request.model.isEmpty || record.experiment.specification.model == request.model)
                    && (request.withStopped || record.experiment.state != .stopped)
            }
        return AssayModelsV1.ExperimentPage(
            experiments: found.prefix(128).map { record in
                var experiment = counted(record.experiment)
                experiment.specification.overrides = []
                return experiment
            })
    }

    /// With the units that the index knows of the epoch.
    private func counted(_ experiment: AssayModelsV1.Experiment) -> AssayModelsV1.Experiment {
        var counted = experiment
        let specification = experiment.specification
        let units = exposures.units(specification.experiment, epoch: specification.epoch)
        counted.arms = specification.arms.map {
            AssayModelsV1.ArmUnits(arm: $0.name, units: units.arms[$0.name] ?? 0)
        }
        counted.crossovers = units.crossovers
        counted.forced = units.forced
        return counted
    }
}
