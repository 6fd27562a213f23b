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
    /// Whether the store has been out of reach for so long that aliases may have moved since.
    let isStale: Bool

    init(
        generation: UInt64 = 0, models: [String: ServingModel] = [:],
        assignments: AssignmentTable = .empty, isStale: Bool = false
    ) {
        self.generation = generation
        self.models = models
        self.assignments = assignments
        self.isStale = isStale
    }

    /// All that the registry knows.
    convenience init(_ registry: RegistrySnapshot, isStale: Bool = false) {
        self.init(
            generation: registry.generation,
            models: Dictionary(
                uniqueKeysWithValues: registry.models.map { ($0, ServingModel($0, $1)) }),
            assignments: registry.assignments, isStale: isStale)
    }

    /// The picture before, with the experiments and, if there is a name, one model as the registry
    /// knows them now.
    convenience init(
        _ before: ServingSnapshot, showing name: String? = nil, of registry: RegistrySnapshot
    ) {
        self.init(before, showing: name.map { Set([$0]) } ?? [], of: registry)
    }

    /// The same with several models.
    convenience init(
        _ before: ServingSnapshot, showing names: Set<String>, of registry: RegistrySnapshot
    ) {
        var models = before.models
        for name in names { models[name] = registry.models[name].map { ServingModel(name, $0) } }
        self.init(
            generation: registry.generation, models: models, assignments: registry.assignments,
            isStale: before.isStale)
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

    /// The same, or nil if it cannot answer at once and may have to be loaded.
    func ready(
        _ name: String, _ selector: AssayModelsV1.Selector?
    ) throws(RPCError) -> ServingVersion? {
        let model = try self.model(name)
        let number = try model.number(selector)
        if !model.withheld.isEmpty { try model.checkStatus(number) }
        guard let version = model.versions[number] else { return nil }
        if case .version = selector { version.use() }
        return version
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
    /// What is shown the calls of each alias; an alias without shadows has no entry.
    let shadows: [String: [ShadowLane]]

    init(
        name: String, aliases: [String: UInt32], versions: [UInt32: ServingVersion],
        damage: [UInt32: String], withheld: [UInt32: AssayModelsV1.VersionState] = [:],
        newest: UInt32, shadows: [String: [ShadowLane]] = [:]
    ) {
        self.name = name
        self.aliases = aliases
        self.versions = versions
        self.damage = damage
        self.withheld = withheld
        self.newest = newest
        self.shadows = shadows
    }

    convenience init(_ name: String, _ model: RegistrySnapshot.Model) {
        self.init(
            name: name, aliases: model.aliases.mapValues(\.version), versions: model.versions,
            damage: model.damage, withheld: model.withheld,
            newest: model.records.last?.number ?? 0, shadows: model.shownShadows)
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

    /// The version, if it can answer at once.
    func loaded(_ number: UInt32) throws(RPCError) -> ServingVersion {
        if !withheld.isEmpty { try checkStatus(number) }
        if let version = versions[number] { return version }
        if let reason = damage[number] { throw Self.damaged(number, of: name, reason) }
        guard has(number) else { throw Self.unknown(number, of: name, newest: newest) }
        throw RPCError(
            .unavailable, "\(name) version \(number) is not loaded", reason: "version_not_loaded")
    }

    /// Whether there is a version of this number.
    func has(_ number: UInt32) -> Bool { number > 0 && number <= newest }

    static func damaged(_ number: UInt32, of name: String, _ reason: String) -> RPCError {
        RPCError(
            .unavailable, "\(name) version \(number) could not be loaded: \(reason)",
            reason: "version_damaged")
    }

    static func unknown(_ number: UInt32, of name: String, newest: UInt32) -> RPCError {
        RPCError(
            .notFound, "model \"\(name)\" has versions 1 to \(newest), not \(number)",
            reason: "version_unknown")
    }

    func checkStatus(_ number: UInt32) throws(RPCError) {
        guard let state = withheld[number] else { return }
        throw RPCError(
            .failedPrecondition,
            "\(name) version \(number) may not be scored: \(state.refusal)",
            reason: "version_\(state.status)")
    }
}
