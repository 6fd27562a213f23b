internal import RuleLanguage

extension FeatureSetBuilder {
    mutating func report(_ message: String, at location: SourceLocation) {
        problems.append(DefinitionProblem(message, at: location))
    }

    mutating func report(_ diagnostic: Diagnostic, in text: Located<String>) {
        var message = diagnostic.message
        if let names = ambiguous.first(where: { message.contains("'\($0.key)'") }) {
            message =
                "event types declare '\(names.key)' differently; write "
                + names.value.joined(separator: " or ")
        }
        problems.append(DefinitionProblem(message, at: text.place(of: diagnostic)))
    }

    /// A name that several things have says which of them only with their entity's name before it.
    mutating func reportAmbiguous(_ compiled: [Compiled?], _ schema: FactSchema) {
        var counts: [String: Int] = [:]
        for fact in schema.facts { counts[fact.name, default: 0] += 1 }
        for (feature, compiled) in zip(derived, compiled) {
            for slot in compiled?.factsRead ?? [] where counts[schema.facts[slot].name] ?? 0 > 1 {
                let name = schema.facts[slot].name
                let names = owners[name] ?? []
                report(
                    "several things are named '\(name)'; write " + names.joined(separator: " or ")
                        + (names.count == (counts[name] ?? 0) ? "" : ", or rename one"),
                    at: feature.expression.location)
            }
        }
    }

    mutating func checkType(
        of expression: CompiledExpression, _ feature: DerivedFeature
    ) {
        let found = expression.type
        let fits =
            switch (feature.type, found) {
            case (.int, .int): feature.unit == .money || expression.unit != .money
            case (.double, .int), (.double, .double), (.bool, .bool), (_, .any): true
            // The code of a category, which is what a vector holds.
            case (.int, .category): true
            case (.category(let a), .category(let b)): a == b
            default: false
            }
        let isMoney = feature.unit == .money
        guard fits, !isMoney || expression.unit == nil || expression.unit == .money else {
            let declared = isMoney ? "money" : "\(feature.type)"
            let unit = expression.unit.map { "\($0.rawValue) (\(found))" } ?? "\(found)"
            let advice =
                found == .int && expression.unit == .money
                ? "; write type: money, or int(…) around the expression" : ""
            report(
                "\"\(feature.name.value)\" is declared as \(declared), its expression is"
                    + " \(unit)\(advice)", at: feature.expression.location)
            return
        }
    }

    /// Positions of derived features, each after those it reads; one in a circle is reported.
    mutating func sort(_ reads: [[Int]]) -> [Int] {
        enum Mark { case unseen, open, done }
        var marks = [Mark](repeating: .unseen, count: reads.count)
        var order: [Int] = []
        // By hand, not by recursion: a chain may be as long as there are features.
        for start in reads.indices where marks[start] == .unseen {
            var path: [(feature: Int, next: Int)] = [(start, 0)]
            marks[start] = .open
            while let (feature, next) = path.last {
                guard next < reads[feature].count else {
                    marks[feature] = .done
                    order.append(feature)
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next += 1
                let read = reads[feature][next]
                switch marks[read] {
                case .done: continue
                case .unseen:
                    marks[read] = .open
                    path.append((read, 0))
                case .open:
                    let circle = path.map(\.feature).drop { $0 != read } + [read]
                    report(
                        "a feature depends on itself: "
                            + circle.map { derived[$0].name.value }.joined(separator: " → "),
                        at: derived[feature].expression.location)
                }
            }
        }
        return order
    }
}

extension Located where Value == String {
    /// Where a diagnostic about this text lies in its file, if the text is written in one line.
    func place(of diagnostic: Diagnostic) -> SourceLocation {
        guard diagnostic.span.line == 1 else { return location }
        return location.advanced(by: diagnostic.span.column - 1)
    }
}
