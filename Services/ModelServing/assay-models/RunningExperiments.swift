import ModelCore
import Observability
import ServiceRuntime
import Storage

/// Experiments in this process: the service, the index of exposures, and the ramps' clock.
struct RunningExperiments {
    /// How often ramps are looked at.
    private static let rampInterval = Duration.seconds(30)

    let exposures: ExposureIndex
    let serving: ModelServingService
    let service: ExperimentsService
    private let registry: ModelRegistry
    private let environment: ServiceEnvironment

    init(
        _ registry: ModelRegistry, _ store: RocksDBStore, _ environment: ServiceEnvironment
    ) throws {
        let exposures = try ExposureIndex(store: store)
        let observer = ExperimentObserver()
        self.exposures = exposures
        self.registry = registry
        self.environment = environment
        serving = ModelServingService(registry, exposures: exposures, observer: observer)
        service = ExperimentsService(registry, exposures: exposures)
        environment.metrics.collect { Self.writeMetrics(registry, exposures, observer, &$0) }
    }

    /// Takes the steps of ramps that are due, until the task is cancelled.
    func ramp() async {
        while !Task.isCancelled {
            for step in await registry.rampExperiments(exposures) {
                switch step {
                case .taken(let name, let allocation):
                    environment.logger.notice(
                        "an experiment's ramp went on",
                        metadata: ["experiment": "\(name)", "allocation": "\(allocation)"])
                case .failed(let name, let reason):
                    environment.logger.warning(
                        "an experiment's ramp cannot go on",
                        metadata: ["experiment": "\(name)", "reason": "\(reason)"])
                }
            }
            try? await Task.sleep(for: Self.rampInterval)
        }
    }

    private static func writeMetrics(
        _ registry: ModelRegistry, _ exposures: ExposureIndex, _ observer: ExperimentObserver,
        _ text: inout PrometheusText
    ) {
        let health = exposures.health
        text.header(
            "assay_models_experiments", help: "Experiments by state.", kind: .gauge)
        for (state, count) in registry.snapshot.experimentCounts {
            text.sample("assay_models_experiments", labels: [("state", state)], Double(count))
        }
        text.header(
            "assay_models_exposures_written_total", help: "Exposures merged into the index.",
            kind: .counter)
        text.sample("assay_models_exposures_written_total", labels: [], Double(health.written))
        text.header(
            "assay_models_exposures_dropped_total",
            help: "Exposures that the index missed; a rebuild from the log brings them back.",
            kind: .counter)
        text.sample("assay_models_exposures_dropped_total", labels: [], Double(health.dropped))
        text.header(
            "assay_models_exposures_pending", help: "Exposures that wait to be written.",
            kind: .gauge)
        text.sample("assay_models_exposures_pending", labels: [], Double(health.pending))
        text.header(
            "assay_models_targeting_failures_total",
            help: "Calls whose targeting erred, so that they were not targeted.", kind: .counter)
        for (experiment, count) in observer.undecidedCalls {
            text.sample(
                "assay_models_targeting_failures_total", labels: [("experiment", experiment)],
                Double(count))
        }
    }
}
