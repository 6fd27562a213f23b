/// The static bound of an expression's work: nodes times static sizes, never time, so that two
/// machines agree. It holds while facts keep to the sizes that they declare and texts are short;
/// beyond that `Evaluator.maximumWork` ends the run.
struct CostEstimate {
    private(set) var total = 0
    /// The dearest parts, at most three, for a diagnostic.
    let dearest: [Part]

    /// What one part of the expression costs.
    struct Part {
        var span: SourceSpan
        var name: String
        /// How often it runs at most.
        var times: Int
        var cost: Int

        var description: String {
            "\(name) at \(span.line):\(span.column): \(cost)"
                + (times > 1 ? ", up to \(times) times" : "")
        }
    }

    init(of tree: SyntaxTree, in environment: RuleEnvironment) {
        var parts: [Part] = []
        let collector = Collector(tree: tree, environment: environment)
        collector.collect(tree.root, times: 1, into: &parts)
        for part in parts { total = total.addingSaturated(part.cost) }
        dearest = Array(parts.sorted { $0.cost > $1.cost }.prefix(3))
    }

    private struct Collector {
        let tree: SyntaxTree
        let environment: RuleEnvironment

        /// `times` is how often the part runs at most.
        func collect(
            _ id: SyntaxTree.NodeID, times: Int, into parts: inout [Part]
        ) {
            parts.append(
                Part(
                    span: tree[id].span, name: name(id), times: times,
                    cost: own(id).multipliedSaturated(by: times)))
            guard case .comprehension(let loop) = tree[id].kind else {
                for child in tree.children(of: id) { collect(child, times: times, into: &parts) }
                return
            }
            collect(loop.range, times: times, into: &parts)
            // Once per entry, and once where a loop around this one counts its code.
            let inner = times.multipliedSaturated(by: entries(loop.range) + 1)
            if let filter = loop.filter { collect(filter, times: inner, into: &parts) }
            collect(loop.body, times: inner, into: &parts)
        }

        /// The part as a diagnostic names it.
        private func name(_ id: SyntaxTree.NodeID) -> String {
            switch tree[id].kind {
            case .binary(let operation, _, _): "'\(operation.rawValue)'"
            case .unary(let operation, _): "'\(operation.rawValue)'"
            case .function(let function, _): "'\(function.rawValue)'"
            case .comprehension(let loop): "'\(loop.macro.rawValue)'"
            case .matches: "'matches'"
            case .conditional: "'?'"
            case .index, .lookup, .row: "'[ ]'"
            case .list, .map: "a list or map"
            default: "a value"
            }
        }

        private func own(_ id: SyntaxTree.NodeID) -> Int {
            switch tree[id].kind {
            case .binary(.in, _, let container): 1 + (isList(container) ? entries(container) : 3)
            case .binary(.equal, let a, let b), .binary(.notEqual, let a, let b):
                1 + min(entries(a), entries(b))
            case .binary(.add, let a, let b): 1 + entries(a) + entries(b)
            case .list(let members), .map(let members): 1 + members.count
            case .row(let table, _, _): 1 + entries(table)
            case .matches(_, let pattern): 8 + pattern.steps.count
            case .function(let function, let operands):
                function.cost
                    + (function.readsEntries ? operands.map(entries).reduce(0, +) : 0)
            // Each entry is bound, taken and perhaps kept.
            case .comprehension(let loop): 2 + 4 * entries(loop.range)
            case .binary(.and, _, _), .binary(.or, _, _), .conditional, .select, .hasKey: 2
            default: 1
            }
        }

        private func isList(_ id: SyntaxTree.NodeID) -> Bool {
            switch tree[id].kind {
            case .namedList, .map, .literal(.map): false
            default: true
            }
        }

        /// Most entries of a list or map; 0 of what cannot be one.
        private func entries(_ id: SyntaxTree.NodeID) -> Int {
            switch tree[id].kind {
            case .literal(.list(let entries)): entries.count
            case .literal(.map(let entries)): entries.count
            case .literal, .namedList: 0
            case .list(let entries): entries.count
            case .map(let entries): entries.count / 2
            case .fact(let slot): bound(environment.facts.facts[slot])
            case .binary(.add, let a, let b): entries(a) + entries(b)
            case .conditional(_, let a, let b): max(entries(a), entries(b))
            case .comprehension(let loop):
                switch loop.macro {
                case .all, .exists, .existsOne: 0
                default: entries(loop.range)
                }
            case .function(.newest, let operands): newest(operands)
            case .index, .lookup, .field, .variable, .select: FactDeclaration.assumedEntries
            default: 0
            }
        }

        private func bound(_ fact: FactDeclaration) -> Int {
            switch fact.type {
            case .list, .map, .histogram, .any: fact.maximumEntries
            default: 0
            }
        }

        private func newest(_ operands: [SyntaxTree.NodeID]) -> Int {
            let all = entries(operands[0])
            if case .literal(.int(let count)) = tree[operands[1]].kind {
                return min(all, Int(clamping: count))
            }
            return all
        }
    }
}

extension Int {
    fileprivate func addingSaturated(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }

    fileprivate func multipliedSaturated(by other: Int) -> Int {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }
}
