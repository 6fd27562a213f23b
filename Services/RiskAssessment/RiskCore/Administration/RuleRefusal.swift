internal import RPC

/// Why a change of the rules is refused, for whoever asked.
enum RuleRefusal {
    /// The first problems of files, each with its place.
    static func files(_ failure: ConfigurationFailure) -> RPCError {
        let shown = failure.problems.prefix(20).map {
            FieldViolation(
                field: "/files/\($0.file)", description: $0.description.limited(to: 300))
        }
        let first = failure.problems.first.map(\.description) ?? "the files have problems"
        let more = failure.problems.count - 1
        return RPCError(
            code: .invalidArgument,
            message: (first + (more > 0 ? " (and \(more) more; ValidateRules tells all)" : ""))
                .limited(to: 1_000),
            reason: "RULES_INVALID", details: [.badRequest(Array(shown))])
    }

    /// Another set is live than the caller thought.
    static func moved(live: [UInt8]) -> RPCError {
        let digest = Hexadecimal.text(live)
        return RPCError(
            code: .aborted,
            message: "another rule set is live: \(digest); look at what changed and try again",
            details: [
                .errorInfo(reason: "RULE_SET_MOVED", metadata: ["rule_set": digest])
            ])
    }

    static func unavailable(_ error: any Error) -> any Error {
        if error is RPCError { return error }
        return RPCError(
            code: .unavailable, message: "the rules cannot be changed now; nothing was changed",
            reason: "LOG_UNAVAILABLE", cause: error)
    }

    static func own(_ client: String) -> RPCError {
        RPCError(
            .permissionDenied,
            "'\(client)' proposed this change; another person has to approve or reject it",
            reason: "MAKER_IS_CHECKER")
    }

    static func precondition(_ message: String, _ reason: String) -> RPCError {
        RPCError(.failedPrecondition, message, reason: reason)
    }
}
