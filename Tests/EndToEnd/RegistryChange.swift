import AssayMessages
import RPC

/// A change that is asked of a registry, and can be asked again with the same request id.
enum RegistryChange: Sendable {
    case push(AssayModelsV1.RegisterVersionRequest)
    case move(AssayModelsV1.SetAliasRequest)
    case approve(AssayModelsV1.ApproveRequest)
    case setStatus(AssayModelsV1.SetStatusRequest)
    case rollback(AssayModelsV1.RollbackRequest)
    case apply(AssayModelsV1.ApplyExperimentRequest)
    case stop(AssayModelsV1.StopExperimentRequest)

    /// What it was answered with, encoded.
    func answer(_ models: ModelsProcess) async throws -> [UInt8] {
        let options = ModelsProcess.options
        switch self {
        case .push(let request):
            return try await models.registry.registerVersion(request, options: options).encoded()
        case .move(let request):
            return try await models.registry.setAlias(request, options: options).encoded()
        case .approve(let request):
            // Who uploaded a version does not judge it.
            return try await models.registry.approve(
                request, options: ModelsProcess.options(of: "judge")
            ).encoded()
        case .setStatus(let request):
            return try await models.registry.setStatus(request, options: options).encoded()
        case .rollback(let request):
            return try await models.registry.rollback(request, options: options).encoded()
        case .apply(let request):
            return try await models.experiments.applyExperiment(request, options: options)
                .encoded()
        case .stop(let request):
            // How many units an arm has is counted anew for each answer.
            var experiment = try await models.experiments.stopExperiment(request, options: options)
            experiment.arms = []
            return experiment.encoded()
        }
    }

    // MARK: Making changes

    static let model = "killed"

    /// A linear model with one input, other bytes for each number.
    static func push(_ number: Int, id: String) -> RegistryChange {
        let file = """
            {"format": "assay-linear", "version": 1, "inputs": ["x"],
             "coefficients": [[0.5]], "intercept": [\(number)], "link": "identity"}
            """
        return .push(
            .init(
                requestID: id, model: model,
                manifest: .init(
                    purpose: "killing", library: "assay", inputs: [.init(name: "x", kind: .number)],
                    goldenRows: [.init(values: [2], margin: [Double(number) + 1])]),
                artifact: Array(file.utf8), actor: "killer"))
    }

    static func move(
        _ alias: String, to version: UInt32, from known: AssayModelsV1.Alias?, id: String
    ) -> RegistryChange {
        .move(
            .init(
                requestID: id, model: model, alias: alias, version: version,
                expectedVersion: known?.version ?? 0, expectedGeneration: known?.generation ?? 0,
                reason: "killing", actor: "killer"))
    }

    static func approve(_ version: UInt32, by judge: String, id: String) -> RegistryChange {
        .approve(
            .init(
                requestID: id, model: model, version: version, decision: .approved,
                role: "model risk", reason: "killing", actor: judge))
    }

    static func setStatus(
        _ version: UInt32, _ status: AssayModelsV1.VersionStatus, id: String
    ) -> RegistryChange {
        .setStatus(
            .init(
                requestID: id, model: model, version: version, status: status,
                reason: "killing", actor: "killer"))
    }

    static func rollback(_ alias: String, id: String) -> RegistryChange {
        .rollback(
            .init(requestID: id, model: model, alias: alias, reason: "killing", actor: "killer"))
    }

    /// - Parameter slot: which of eight parts of the one layer the experiment is in.
    static func apply(_ experiment: String, slot: Int, id: String) -> RegistryChange {
        .apply(
            .init(
                requestID: id,
                file: """
                    experiment: \(experiment)
                    revision: 1
                    epoch: 1
                    owner: me@bank.example
                    hypothesis: version 2 is better
                    model: \(model)
                    alias: live
                    unit: customer
                    layer: all
                    slots: {from: \(slot * 1_250), to: \((slot + 1) * 1_250)}
                    allocation: 1250
                    arms: [{name: control, version: 1, weight: 5000, control: true}, \
                    {name: challenger, version: 2, weight: 5000}]
                    metrics: [{name: approved, role: primary, kind: proportion, \
                    event: decision.approved, better: higher}]
                    """, reason: "killing"))
    }

    static func stop(_ experiment: String, id: String) -> RegistryChange {
        .stop(
            .init(requestID: id, experiment: experiment, state: .stopped, reason: "killing"))
    }
}
