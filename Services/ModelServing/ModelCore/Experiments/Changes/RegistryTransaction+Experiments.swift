internal import AssayMessages
internal import RPC
internal import Wire

extension RowKind {
    /// An experiment as it stands, in the chain of its model. Its id is its name.
    static let experiment: RowKind = "experiment"
    /// The text of an applied file. Its id is its SHA-256.
    static let experimentFile: RowKind = "experiment-file"
    /// Which model an experiment's name belongs to, in the shared chain.
    static let experimentName: RowKind = "experiment-name"
    /// Who has which slots of a layer, in the shared chain.
    static let layer: RowKind = "layer"
    /// A holdout, in the shared chain. Its id is its name.
    static let holdout: RowKind = "holdout"
}

extension RegistryTransaction {
    /// What experiments of several models share. No model is called so.
    static let sharedChain = "@experiments"

    /// Whether a chain is of no model.
    static func isShared(_ chain: String) -> Bool { chain.hasPrefix("@") }

    func experiment(_ name: String) async throws -> AssayModelsV1.ExperimentRecord? {
        try await message(.experiment, Array(name.utf8))
    }

    /// Every experiment of this chain's model.
    func experiments() async throws -> [AssayModelsV1.ExperimentRecord] {
        try await messages(.experiment)
    }

    /// Refuses to move an alias that an experiment divides.
    func checkFrozen(_ alias: String) async throws {
        for record in try await experiments() {
            let specification = record.experiment.specification
            guard record.experiment.state != .stopped, specification.alias == alias else {
                continue
            }
            throw RPCError(
                .failedPrecondition,
                "alias \"\(alias)\" is frozen by experiment \"\(specification.experiment)\" "
                    + "(revision \(specification.revision), \(record.experiment.state)); stop it "
                    + "first: assay experiments stop \(specification.experiment)",
                reason: "alias_frozen")
        }
    }

    /// Experiments that have an arm of the version and have not ended.
    func experiments(using version: UInt32) async throws -> [String] {
        try await experiments().filter { record in
            record.experiment.state != .stopped
                && record.experiment.specification.arms.contains { $0.version == version }
        }.map(\.experiment.specification.experiment)
    }

    mutating func layer(_ name: String) async throws -> AssayModelsV1.LayerRecord {
        try await shared(.layer, name) ?? AssayModelsV1.LayerRecord()
    }

    /// A row that experiments of all models share: if it changes meanwhile, the change is computed
    /// again.
    mutating func shared<M: WireMessage>(_ kind: RowKind, _ name: String) async throws -> M? {
        let key = RegistryKey(kind, Self.sharedChain, name)
        guard let bytes = try await guarded(key) else { return nil }
        return try RegistryRows.message(RegistryRow(key, bytes))
    }

    mutating func putShared(_ kind: RowKind, _ name: String, _ message: some WireMessage) {
        put(RegistryKey(kind, Self.sharedChain, name), message.encoded())
    }
}
