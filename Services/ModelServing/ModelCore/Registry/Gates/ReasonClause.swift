/// Parts of a reason that answer a question by name: `better recall; stability: labels were fixed`.
enum ReasonClause {
    /// What follows `name:`, up to the next semicolon; nil if nothing does.
    static func text(of name: String, in reason: String) -> String? {
        for clause in reason.split(separator: ";") {
            let parts = clause.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].trimmed.lowercased() == name else { continue }
            let text = parts[1].trimmed
            if !text.isEmpty { return text }
        }
        return nil
    }
}

extension Substring {
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
