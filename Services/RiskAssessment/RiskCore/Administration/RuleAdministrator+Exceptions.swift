public import AssayMessages
public import RPC
internal import RuleLanguage
internal import Wire

extension RuleAdministrator {
    /// Puts an exception for one subject, or an entry of a list, up for review.
    public func propose(
        _ request: AssayRiskV1.ExceptionRequest, by caller: Caller
    ) async throws -> AssayRiskV1.Proposal {
        try Self.require(caller, reason: request.reason)
        let change = RuleRequest(
            request, id: request.requestID, method: "exception", stated: request.actor,
            by: caller, at: now())
        return try await self.change { try await self.proposeNow(request, change) }
    }

    private func proposeNow(
        _ request: AssayRiskV1.ExceptionRequest, _ change: RuleRequest
    ) async throws -> AssayRiskV1.Proposal {
        if let known = try change.remembered(in: rows.store, as: AssayRiskV1.Proposal.self) {
            return known
        }
        try check(request.exception, at: change.at)
        var proposal = blank(change, reason: request.reason, ticket: request.ticket)
        proposal.exception = request.exception
        let base = state.withLock { $0.compiled }
        proposal.candidate = base.rules.digest
        if case .listEntry(let entry) = request.exception {
            let file = try edited(entry)
            do {
                let candidate =
                    try await compiler.compile(try base.folder.laid(under: [file])).get()
                proposal.candidate = candidate.rules.digest
                proposal.validation = Self.report(candidate, from: base)
                proposal.files = [file.name]
            } catch {
                throw RuleRefusal.files(error)
            }
        }
        return try await put(proposal, files: [], base: base.folder.digest, change)
    }

    // MARK: What may be asked for

    func check(_ exception: AssayRiskV1.RuleException, at time: Timestamp) throws {
        switch exception {
        case .override(let override):
            try Self.check(override.subject, "/exception/override/subject")
            try Self.check(
                override.until, after: time, atMost: Self.overrideSeconds,
                "/exception/override/until")
        case .snooze(let snooze):
            try Self.check(snooze.subject, "/exception/snooze/subject")
            try Self.check(
                snooze.until, after: time, atMost: .max, "/exception/snooze/until")
            try check(rule: snooze.rule)
        case .listEntry(let entry):
            _ = try edited(entry)
        case .unrecognized:
            throw Self.invalid("/exception", "expected override, snooze or list_entry")
        }
    }

    private static func check(_ subject: String, _ field: String) throws {
        if subject.allSatisfy(\.isWhitespace) { throw invalid(field, "expected a subject's id") }
    }

    private static func check(
        _ until: Timestamp, after time: Timestamp, atMost seconds: Int64, _ field: String
    ) throws {
        guard until > time else { throw invalid(field, "expected a time that is to come") }
        if until.seconds - time.seconds > seconds {
            throw invalid(field, "expected at most \(seconds / 86_400) days from now")
        }
    }

    private func check(rule id: String) throws {
        let rules = state.withLock { $0.compiled.rules.rules }
        guard let rule = rules.first(where: { $0.id == id }) else {
            let near = Suggestions.nearest(to: id, among: rules.map(\.id))
            throw RPCError(
                .notFound,
                "no rule '\(id.limited(to: 32))'; near are \(near.joined(separator: ", "))",
                reason: "RULE_UNKNOWN")
        }
        if rule.outcome == .decline {
            throw RuleRefusal.precondition(
                "\(id) demands that a payment is declined; such a rule is not silenced",
                "RULE_DECLINES")
        }
    }

    // MARK: Lists

    /// The file of a list with an entry more, or one less.
    func edited(_ entry: AssayRiskV1.ListEntryException) throws -> AssayRiskV1.RuleFile {
        let folder = folder
        let name = "lists/\(entry.list).txt"
        guard RuleFolder.isName(name), let text = folder.texts[name] else {
            let lists = folder.files(in: "lists/").map { $0.name.dropFirst(6).dropLast(4) }
            throw RPCError(
                .notFound,
                "no list '\(entry.list.limited(to: 64))'; there are "
                    + lists.joined(separator: ", "),
                reason: "LIST_UNKNOWN")
        }
        let field = "/exception/list_entry/"
        for (part, text) in [("entry", entry.entry), ("source", entry.source)]
        where text.contains(where: { $0.isNewline || $0 == ";" }) || text.hasPrefix("#") {
            throw Self.invalid(
                field + part, "holds a line break or a semicolon, or begins with #")
        }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let isThere = { (line: String) in
            !line.hasPrefix("#")
                && line.split(separator: ";", omittingEmptySubsequences: false).first.map(
                    String.init)
                    == entry.entry
        }
        if entry.remove {
            guard lines.contains(where: isThere) else {
                throw Self.invalid(field + "entry", "does not stand in the list")
            }
            lines.removeAll(where: isThere)
        } else {
            guard !entry.entry.isEmpty, !lines.contains(where: isThere) else {
                throw Self.invalid(field + "entry", "stands in the list already, or is empty")
            }
            while lines.last?.isEmpty == true { lines.removeLast() }
            lines += [line(entry), ""]
        }
        let edited = lines.joined(separator: "\n")
        return AssayRiskV1.RuleFile(name: name, text: edited.isEmpty ? "\n" : edited)
    }

    /// `entry;source;added;expires`, as far as it goes.
    private func line(_ entry: AssayRiskV1.ListEntryException) -> String {
        guard !entry.source.isEmpty || entry.expires != nil else { return entry.entry }
        let added = now().description.prefix(10)
        let expires = entry.expires.map { ";\($0)" } ?? ""
        return "\(entry.entry);\(entry.source);\(added)\(expires)"
    }

    private static func invalid(_ field: String, _ description: String) -> RPCError {
        RPCError.invalid([FieldViolation(field: field, description: description)])
    }
}
