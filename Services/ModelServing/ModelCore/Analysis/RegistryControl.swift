package import AssayMessages
internal import RPC

/// The experiments of the registry, as looks need them.
struct RegistryControl: ExperimentControl {
    /// Who the history says it was.
    static let actor = "assay-models/looks"

    let registry: ModelRegistry

    func running() -> [AssayModelsV1.ExperimentSpecification] {
        registry.snapshot.experiments.map(\.experiment)
            .filter { $0.state == .running || $0.state == .halted }
            .map(\.specification)
    }

    func specification(
        of experiment: String, epoch: UInt32
    ) throws -> AssayModelsV1.ExperimentSpecification {
        let specification = try registry.snapshot.experiment(experiment).experiment.specification
        guard epoch == 0 || epoch == specification.epoch else {
            throw RPCError(
                .failedPrecondition,
                "experiment \"\(experiment)\" is in epoch \(specification.epoch); only the present "
                    + "epoch can be analysed", reason: "epoch_over")
        }
        return specification
    }

    /// A proposal changes nothing here: gates and approvals decide, and people ask for them.
    func carryOut(_ order: StopOrder) async throws {
        let state: AssayModelsV1.ExperimentState
        switch order.action {
        case .control: state = .controlled
        case .halt: state = .halted
        default: return
        }
        let present = try registry.snapshot.experiment(order.experiment).experiment
        guard present.specification.epoch == order.epoch, present.state != state else { return }
        _ = try await registry.stopExperiment(
            .init(
                requestID: order.requestID, experiment: order.experiment, state: state,
                reason: order.reason), by: Self.actor)
    }
}

extension ExposureIndex: ExposureSource {
    package func settle() async { try? await onQueue {} }

    package func visit(
        _ experiment: String, _ epoch: UInt32, _ body: (AssayModelsV1.Exposure) throws -> Void
    ) throws {
        try exposures(of: experiment, epoch: epoch, body)
    }
}
