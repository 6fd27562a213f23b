internal import AssayMessages
internal import RPC
internal import Wire

/// What the registry knows of its models: versions, aliases, and what could not be loaded.
public struct RegistrySnapshot: Sendable {
    /// A version that is registered but cannot answer, and why.
    public struct Damage: Sendable, Hashable {
        public var model: String
        public var version: UInt32
        public var reason: String
    }

    struct Model: Sendable {
        /// Those that can answer at once: all that are in use, and others while there is room.
        var versions: [UInt32: ServingVersion] = [:]
        var records: [AssayModelsV1.Version] = []
        /// How versions stand that somebody said something of.
        var states: [UInt32: AssayModelsV1.VersionState] = [:]
        var aliases: [String: AssayModelsV1.Alias] = [:]
        var damage: [UInt32: String] = [:]
        /// When those failed that were loaded because a call named them.
        var damagedAt: [UInt32: Timestamp] = [:]
        var experiments: [String: AssayModelsV1.ExperimentRecord] = [:]
        /// Also those that have ended.
        var shadows: [String: AssayModelsV1.Shadow] = [:]
        /// Of the shadows that run.
        var lanes: [String: ShadowLane] = [:]
        /// Of the model's newest event.
        private(set) var sequence: UInt64 = 0
        private(set) var changedAt = Timestamp(nanosecondsSinceEpoch: 0)

        /// Versions are numbered from 1 to this.
        var newestNumber: UInt32 { records.last?.number ?? 0 }

        mutating func changed(by event: AssayModelsV1.Event) {
            changed(to: event.sequence, at: event.time)
        }

        mutating func changed(to sequence: UInt64, at time: Timestamp) {
            self.sequence = sequence
            changedAt = time
        }
    }

    var models: [String: Model] = [:]
    /// Loaded versions that are not in use.
    var shelf = VersionShelf()
    /// Versions loaded since the start, and those that could not be.
    public internal(set) var loads = 0
    public internal(set) var loadFailures = 0
    var holdouts: [String: AssayModelsV1.HoldoutRecord] = [:]
    /// Of the newest event of each chain that models share.
    var sharedSequences: [String: UInt64] = [:]
    /// The experiments of all models, ready to divide calls.
    private(set) var assignments = AssignmentTable.empty
    /// Grows with every change of the registry, and is the same after a restart.
    public internal(set) var generation: UInt64 = 0

    public init() {}

    /// Makes the table anew that divides calls, from the experiments as they stand.
    mutating func refreshAssignments() throws {
        assignments = try AssignmentTable(
            experiments.filter { $0.experiment.state != .stopped }.map(RunningExperiment.init),
            holdouts: holdouts.mapValues(\.specification.share))
    }

    /// Damaged versions that an alias points to: while there are any, the service is not ready.
    public var damagedAliases: [Damage] {
        models.sorted { $0.key < $1.key }.flatMap { name, model in
            Set(model.aliases.values.map(\.version)).sorted().compactMap { version in
                model.damage[version].map { Damage(model: name, version: version, reason: $0) }
            }
        }
    }

    /// Rows scored by each loaded version, by model and version.
    public var predictions: [(model: String, version: UInt32, count: Int)] {
        models.sorted { $0.key < $1.key }.flatMap { name, model in
            model.versions.sorted { $0.key < $1.key }.map {
                (name, $0.key, $0.value.statistics[.rows])
            }
        }
    }

    /// Versions that were let go for lack of room.
    public var evictions: Int { shelf.evictions }

    /// Versions that can answer at once.
    public var loadedCount: Int { models.values.reduce(0) { $0 + $1.versions.count } }

    /// Registered versions, over all models.
    public var versionCount: Int { models.values.reduce(0) { $0 + $1.records.count } }

    func model(_ name: String) throws(RPCError) -> Model {
        guard let model = models[name] else {
            throw RPCError(
                .notFound, "no model \"\(name)\"\(NearNames.hint(name, among: models.keys))",
                reason: "model_unknown")
        }
        return model
    }

    func alias(_ name: String, of model: String) throws(RPCError) -> AssayModelsV1.Alias {
        let found = try self.model(model)
        guard let alias = found.aliases[name] else {
            throw RPCError(
                .notFound,
                "model \"\(model)\" has no alias \"\(name)\""
                    + NearNames.hint(name, among: found.aliases.keys), reason: "alias_unknown")
        }
        return alias
    }
}

extension RegistrySnapshot.Model {
    func state(of version: AssayModelsV1.Version) -> AssayModelsV1.VersionState {
        states[version.number] ?? VersionLife.beginning(of: version)
    }

    /// Why versions may not be scored, of those that may not.
    var withheld: [UInt32: AssayModelsV1.VersionState] { states.filter { !$0.value.mayServe } }
}
