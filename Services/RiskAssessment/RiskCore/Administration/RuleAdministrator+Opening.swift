internal import AssayMessages
public import Storage
public import Wire

extension RuleAdministrator {
    /// Which files decide after the start.
    public enum Start: Sendable {
        /// What was live before; the folder only if nothing was.
        case kept
        /// The folder, if it changed since it was taken last: for development.
        case followingFolder
        /// The folder, whatever was live before.
        case folder(reason: String)
    }

    /// How the files that decide and those of the folder compare.
    public enum Comparison: Sendable, Hashable {
        /// The folder decides.
        case same
        /// Other files decide, by names of those that differ.
        case differs([String])
    }

    /// Brings the rules live that were live before, or those of a folder.
    ///
    /// - Throws: `ConfigurationFailure` if the rules to start with do not load.
    public static func open(
        folder: RuleFolder, start: Start, store: any KeyValueStore, archive: RuleArchive,
        log: DecisionLog,
        compiler: RuleCompiler, options: Options, now: @escaping @Sendable () -> Timestamp
    ) async throws -> RuleAdministrator {
        let rows = RuleStore(store: store)
        let known = try rows.live()
        let digest = folder.digest
        let takesFolder =
            switch start {
            case .kept: known == nil
            case .followingFolder: known?.adopted != digest
            case .folder: known?.folder != digest
            }
        let files = takesFolder ? folder : try known.map { try rows.folder($0.set) } ?? folder
        let compiled = try await compiler.compile(files).get()
        let row = known ?? LiveRow(set: AssayRiskV1.RuleSet(), folder: [], adopted: [])
        var state = State(row: row, compiled: compiled)
        state.exceptions = try rows.exceptions()
        try rows.proposals(below: nil) { proposal in
            state.next = max(state.next, proposal.number + 1)
            if proposal.isOpen { state.open.insert(proposal.number) }
            return true
        }
        let administrator = RuleAdministrator(
            live: LiveRules(snapshot(state, options)), rows: rows, archive: archive, log: log,
            compiler: compiler,
            options: options, state: state, now: now)
        if takesFolder {
            let reason =
                if case .folder(let reason) = start { reason } else {
                    known == nil ? "the first rules, from the folder" : "the folder changed"
                }
            try await administrator.adopt(compiled, reason: reason)
        } else if row.set.ruleSet != compiled.rules.digest {
            try await administrator.rename(compiled)
        }
        try administrator.forgetOldRequests()
        return administrator
    }

    /// How the files that decide compare with a folder.
    public func comparison(with folder: RuleFolder) -> Comparison {
        let live = self.folder
        return live == folder
            ? .same : .differs(folder.changes(from: live).map(\.name))
    }

    /// Removes the answers to request ids that nobody may ask for any more.
    private func forgetOldRequests() throws {
        let oldest = now().seconds.subtractingReportingOverflow(RuleRequest.lifetimeSeconds)
        var batch = WriteBatch()
        try rows.store.scan(RuleFamilies.requests, .all, reversed: false) { key, value in
            let then = ByteFields.number(Array(value.dropFirst(8).prefix(8))) ?? 0
            if Int64(bitPattern: then) < oldest.partialValue {
                batch.delete(Array(key), in: RuleFamilies.requests)
            }
            return batch.count < 100_000
        }
        if !batch.isEmpty { try rows.store.write(batch, sync: false) }
    }
}
