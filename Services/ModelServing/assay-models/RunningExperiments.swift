import ModelCore
import Observability
import ServiceRuntime
import Storage

/// Experiments in this process: the service, the index of exposures, and the clocks of ramps and
/// looks.
struct RunningExperiments {
    /// How often ramps are looked at.
    private static let rampInterval = Duration.seconds(30)

    let exposures: ExposureIndex
    let calls: CallRecorder
    let serving: ModelServingService
    let service: ExperimentsService
    private let analyst: ExperimentAnalyst
    private let registry: ModelRegistry
    private let environment: ServiceEnvironment

    init(
        _ registry: ModelRegistry, _ store: RocksDBStore, _ environment: ServiceEnvironment
    ) throws {
        let exposures = try ExposureIndex(store: store)
        let calls = CallRecorder(store: store)
        let outcomes = try OutcomeLog(store: store, now: WallClock.now)
        let observer = ExperimentObserver()
        analyst = ExperimentAnalyst(
            registry, exposures: exposures, outcomes: outcomes, calls: calls)
        self.exposures = exposures
        self.calls = calls
        self.registry = registry
        self.environment = environment
        serving = ModelServingService(
            registry, exposures: exposures, calls: calls, observer: observer)
        service = ExperimentsService(registry, exposures: exposures, analyst: analyst)
        environment.metrics.collect {
            Self.writeMetrics(registry, exposures, observer, &$0)
            Self.writeMetrics(calls, &$0)
        }
    }

    /// The families of rows that the store of experiments is opened with.
    static let families = ExposureIndex.families + OutcomeLog.families

    /// Writes what calls left behind them. Blocks.
    func drain() {
        exposures.drain()
        calls.drain()
    }

    /// Looks at experiments when it is time, and acts on what is found, until the task is cancelled.
    func look() async {
        let logger = environment.logger
        let looks = ExperimentLooks(analyst) { event in
            switch event {
            case .looked(let look):
                logger.log(
                    level: look.action == .unspecified && look.failure.isEmpty ? .info : .notice,
                    "an experiment was looked at",
                    metadata: [
                        "experiment": "\(look.experiment)", "look": "\(look.number)",
                        "verdict": "\(look.verdict)", "action": "\(look.action)",
                        "failure": "\(look.failure)",
                    ])
            case .failed(let experiment, let reason):
                logger.warning(
                    "an experiment could not be looked at",
                    metadata: ["experiment": "\(experiment)", "reason": "\(reason)"])
            }
        }
        await looks.run(now: WallClock.now) { try await Task.sleep(for: $0) }
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

    private static func writeMetrics(_ calls: CallRecorder, _ text: inout PrometheusText) {
        text.header(
            "assay_models_experiment_calls_dropped_total",
            help: "Calls that outcomes cannot name; a rebuild from the log brings them back.",
            kind: .counter)
        text.sample(
            "assay_models_experiment_calls_dropped_total", labels: [], Double(calls.dropped))
    }
}
