internal import AssayMessages

/// What a version is needed for.
enum VersionUse: Hashable {
    case alias(String)
    case arm(experiment: String, isControl: Bool)
    case shadow(String)
    case ensemble(String, UInt32)

    /// Whether something would be left without an answer if the version stopped scoring. An arm that
    /// is not control has control to answer for it.
    var isAnswering: Bool {
        switch self {
        case .alias, .ensemble: true
        case .arm(_, let isControl): isControl
        case .shadow: false
        }
    }

    /// Says what uses it, and how that ends.
    var text: String {
        switch self {
        case .alias(let name): "alias \"\(name)\" points to it (move or roll the alias back first)"
        case .arm(let name, let isControl):
            "experiment \"\(name)\" has it as \(isControl ? "control" : "an arm") (end it first: "
                + "assay experiments stop \(name))"
        case .ensemble(let model, let version):
            "ensemble \(model) version \(version) answers with it (retire that first)"
        case .shadow(let name):
            "shadow \"\(name)\" scores with it (end it first: assay models shadow stop)"
        }
    }
}

extension RegistryTransaction {
    /// Everything of this model that needs a version.
    func uses(of version: UInt32) async throws -> [VersionUse] {
        var uses: [VersionUse] = []
        for alias in try await messages(.alias, as: AssayModelsV1.Alias.self) {
            if alias.version == version { uses.append(.alias(alias.alias)) }
        }
        for record in try await experiments() where record.experiment.state != .stopped {
            let specification = record.experiment.specification
            let arms = specification.arms.filter { $0.version == version }
            guard !arms.isEmpty else { continue }
            uses.append(
                .arm(
                    experiment: specification.experiment,
                    isControl: arms.contains { $0.control }))
        }
        for shadow in try await shadows(using: version) { uses.append(.shadow(shadow)) }
        return uses
    }
}
