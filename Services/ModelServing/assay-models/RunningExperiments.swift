import Foundation
import ModelCore
import Observability
import ServiceRuntime
import Storage

/// Experiments in this process: the service, the index of exposures, and the clocks of ramps and
/// looks.
struct RunningExperiments {
    /// How often ramps are looked at.
    private static let rampInterval = Duration.seconds(30)
    /// How often the folder is read.
    private static let folderInterval = Duration.seconds(10)

    let exposures: ExposureIndex
    let calls: CallRecorder
    let serving: ModelServingService
    let service: ExperimentsService
    let outcomes: OutcomeLog
    private let analyst: ExperimentAnalyst
    private let tally = LookTally()
    private let registry: ModelRegistry
    private let follower: ExperimentFolderFollower?
    private let environment: ServiceEnvironment

    /// - Parameters:
    ///   - shadows: what control versions said of calls, for covariates.
    ///   - folder: files to bring into force whenever they change; nil: none.
    init(
        _ registry: ModelRegistry, _ store: RocksDBStore, shadows: ShadowLog, folder: String?,
        _ environment: ServiceEnvironment
    ) throws {
        let exposures = try ExposureIndex(store: store)
        let calls = CallRecorder(store: store)
        let outcomes = try OutcomeLog(store: store, now: WallClock.now)
        let observer = ExperimentObserver()
        analyst = ExperimentAnalyst(
            registry, exposures: exposures, outcomes: outcomes, calls: calls, shadows: shadows)
        self.outcomes = outcomes
        self.exposures = exposures
        self.calls = calls
        self.registry = registry
        self.environment = environment
        let follower = folder.map {
            ExperimentFolderFollower(registry, folder: URL(filePath: $0))
        }
        self.follower = follower
        serving = ModelServingService(
            registry, exposures: exposures, calls: calls, observer: observer)
        service = ExperimentsService(registry, exposures: exposures, analyst: analyst)
        environment.metrics.collect { [tally, pool = serving.pool] text in
            ServingMetrics.write(pool, to: &text)
            Self.writeMetrics(registry, exposures, observer, &text)
            Self.writeMetrics(calls, tally, &text)
            if let follower { Self.writeMetrics(follower, &text) }
        }
    }

    /// Writes what calls left behind them. Blocks.
    func drain() {
        exposures.drain()
        calls.drain()
    }

    /// Looks at experiments when it is time, and acts on what is found, until the task is cancelled.
    func look() async {
        let logger = environment.logger
        let looks = ExperimentLooks(analyst) { [tally] event in
            tally.add(event)
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

    /// Brings the folder's files into force whenever they change, until the task is cancelled.
    func follow() async {
        guard let follower else { return }
        while !Task.isCancelled {
            for event in await follower.look() {
                switch event {
                case .applied(let file, let name):
                    environment.logger.notice(
                        "an experiment's file is in force",
                        metadata: ["file": "\(file)", "experiment": "\(name)"])
                case .refused(let file, let problem):
                    environment.logger.error(
                        "an experiment's file has a problem; nothing was changed",
                        metadata: ["file": "\(file)", "problem": "\(problem)"])
                }
            }
            try? await Task.sleep(for: Self.folderInterval)
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

    private static func writeMetrics(
        _ follower: ExperimentFolderFollower, _ text: inout PrometheusText
    ) {
        text.header(
            "assay_models_experiment_file_problems",
            help: "Problems of the folder of experiments; while there is one, no file of it is "
                + "applied.", kind: .gauge)
        text.sample(
            "assay_models_experiment_file_problems", labels: [], Double(follower.problemCount))
    }

    private static func writeMetrics(
        _ calls: CallRecorder, _ looks: LookTally, _ text: inout PrometheusText
    ) {
        text.header(
            "assay_models_experiment_calls_dropped_total",
            help: "Calls that outcomes cannot name; a rebuild from the log brings them back.",
            kind: .counter)
        text.sample(
            "assay_models_experiment_calls_dropped_total", labels: [], Double(calls.dropped))
        text.header(
            "assay_models_experiment_looks_total",
            help: "Looks at experiments by what they said; `failed` said nothing.",
            kind: .counter)
        for (experiment, verdict, count) in looks.counts {
            text.sample(
                "assay_models_experiment_looks_total",
                labels: [("experiment", experiment), ("verdict", verdict)], Double(count))
        }
    }
}
