internal import AssayMessages
internal import RPC

/// The immutable picture that answers requests: aliases and loaded versions. A request keeps the one
/// it began with.
package final class ServingSnapshot: Sendable {
    /// Grows with every change of the registry, and is the same after a restart.
    let generation: UInt64
    let models: [String: ServingModel]
    /// Divides calls among the arms of experiments.
    let assignments: AssignmentTable

    init(
        generation: UInt64 = 0, models: [String: ServingModel] = [:],
        assignments: AssignmentTable = .empty
    ) {
        self.generation = generation
        self.models = models
        self.assignments = assignments
    }

    /// All that the registry knows.
    convenience init(_ registry: RegistrySnapshot) {
        self.init(
            generation: registry.generation,
            models: Dictionary(
                uniqueKeysWithValues: registry.models.map { ($0, ServingModel($0, $1)) }),
            assignments: registry.assignments)
    }

    /// The picture before, with the experiments and, if there is a name, one model as the registry
    /// knows them now.
    convenience init(
        _ before: ServingSnapshot, showing name: String? = nil, of registry: RegistrySnapshot
    ) {
        var models = before.models
        if let name { models[name] = registry.models[name].map { ServingModel(name, $0) } }
        self.init(
            generation: registry.generation, models: models, assignments: registry.assignments)
    }

    func model(_ name: String) throws(RPCError) -> ServingModel {
        guard let model = models[name] else {
            throw RPCError(
                .notFound, "no model \"\(name)\"\(NearNames.hint(name, among: models.keys))",
                reason: "model_unknown")
        }
        return model
    }

    /// The version that a selector picks; nil picks the alias "champion".
    func version(
        of name: String, _ selector: AssayModelsV1.Selector?
    ) throws(RPCError) -> ServingVersion {
        let model = try self.model(name)
        return try model.loaded(try model.number(selector))
    }
}

/// One model in a snapshot.
final class ServingModel: Sendable {
    let name: String
    /// The version that each alias points to.
    let aliases: [String: UInt32]
    /// Versions that can answer at once.
    let versions: [UInt32: ServingVersion]
    /// Why versions could not be loaded.
    let damage: [UInt32: String]
    /// Versions that are suspended or retired, or whose model file was erased.
    let withheld: [UInt32: AssayModelsV1.VersionState]
    /// Versions are numbered from 1 to this.
    let newest: UInt32

    init(
        name: String, aliases: [String: UInt32], versions: [UInt32: ServingVersion],
        damage: [UInt32: String], withheld: [UInt32: AssayModelsV1.VersionState] = [:],
        newest: UInt32
    ) {
        self.name = name
        self.aliases = aliases
        self.versions = versions
        self.damage = damage
        self.withheld = withheld
        self.newest = newest
    }

    convenience init(_ name: String, _ model: RegistrySnapshot.Model) {
        self.init(
            name: name, aliases: model.aliases.mapValues(\.version), versions: model.versions,
            damage: model.damage, withheld: model.withheld,
            newest: model.records.last?.number ?? 0)
    }

    func number(_ selector: AssayModelsV1.Selector?) throws(RPCError) -> UInt32 {
        switch selector {
        case nil: return try number(alias: Predictor.defaultAlias)
        case .alias(let alias): return try number(alias: alias)
        case .version(let version): return version
        case .unrecognized:
            throw .invalid("selector", "expected an alias or a version")
        }
    }

    private func number(alias: String) throws(RPCError) -> UInt32 {
        guard let number = aliases[alias] else {
            throw RPCError(
                .notFound,
                "model \"\(name)\" has no alias \"\(alias)\""
                    + NearNames.hint(alias, among: aliases.keys), reason: "alias_unknown")
        }
        return number
    }

    func loaded(_ number: UInt32) throws(RPCError) -> ServingVersion {
        if !withheld.isEmpty { try checkStatus(number) }
        if let version = versions[number] { return version }
        if let reason = damage[number] {
            throw RPCError(
                .unavailable, "\(name) version \(number) could not be loaded: \(reason)",
                reason: "version_damaged")
        }
        throw RPCError(
            .notFound, "model \"\(name)\" has versions 1 to \(newest), not \(number)",
            reason: "version_unknown")
    }

    private func checkStatus(_ number: UInt32) throws(RPCError) {
        guard let state = withheld[number] else { return }
        throw RPCError(
            .failedPrecondition,
            "\(name) version \(number) may not be scored: \(state.refusal)",
            reason: "version_\(state.status)")
    }
}
