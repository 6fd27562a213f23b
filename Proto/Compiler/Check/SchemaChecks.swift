/// Rules on the whole schema, after names are resolved.
struct SchemaChecks {
    /// As deep as protobuf runtimes read without being told to.
    static let maximumDepth = 100
    static let maximumInlineFields = 4096

    let schema: Schema
    let bounds: Bounds
    var diagnostics: Diagnostics

    static func run(_ schema: Schema, bounds: Bounds, diagnostics: inout Diagnostics) {
        var checks = SchemaChecks(schema: schema, bounds: bounds, diagnostics: diagnostics)
        let suspects = checks.typesThatReachACycle()
        for (index, type) in schema.types.enumerated() {
            guard case .message(let message) = type else { continue }
            if suspects.contains(index) { checks.checkRecursion(TypeID(index: index), message) }
            checks.checkRequiredCount(message)
            checks.checkExtent(TypeID(index: index), message)
            checks.checkSealable(TypeID(index: index), message)
        }
        checks.checkCollisions()
        for service in schema.services {
            for method in service.methods {
                checks.checkSizes(method)
            }
        }
        diagnostics = checks.diagnostics
    }

    // MARK: Recursion

    private mutating func checkRecursion(_ type: TypeID, _ message: Message) {
        if let path = cycle(from: type, through: { !$0.isRepeated }) {
            diagnostics.error(
                .recursion, at: path[0].location,
                "'\(message.name)' contains itself: "
                    + path.map(\.name).joined(separator: " → "),
                hint: "go through a list or a map")
        } else if message.recursionLimit == nil, cycle(from: type, through: { _ in true }) != nil {
            diagnostics.error(
                .missingDepth, at: message.location,
                "'\(message.name)' may contain itself", hint: "add '@depth(n)', n at most 32")
        }
    }

    /// What is left after taking away, again and again, the types that hold none of the rest.
    private func typesThatReachACycle() -> Set<Int> {
        var holders: [Int: [Int]] = [:]
        var held = [Int](repeating: 0, count: schema.types.count)
        for index in schema.types.indices {
            for field in schema.message(TypeID(index: index))?.fields ?? [] {
                guard case .message(let inner) = field.type else { continue }
                holders[inner.index, default: []].append(index)
                held[index] += 1
            }
        }
        var free = schema.types.indices.filter { held[$0] == 0 }
        var suspects = Set(schema.types.indices)
        while let type = free.popLast() {
            suspects.remove(type)
            for holder in holders[type] ?? [] {
                held[holder] -= 1
                if held[holder] == 0 { free.append(holder) }
            }
        }
        return suspects
    }

    /// The fields that lead from a type back to itself.
    private func cycle(from start: TypeID, through follows: (Field) -> Bool) -> [Field]? {
        var arrival: [TypeID: (from: TypeID, field: Field)] = [:]
        var queue = [start]
        var next = 0
        while next < queue.count {
            let type = queue[next]
            next += 1
            for field in schema.message(type)?.fields ?? [] where follows(field) {
                guard case .message(let target) = field.type, arrival[target] == nil else {
                    continue
                }
                arrival[target] = (type, field)
                queue.append(target)
            }
            guard var step = arrival[start] else { continue }
            var path = [step.field]
            while step.from != start, let before = arrival[step.from] {
                path.insert(before.field, at: 0)
                step = before
            }
            return path
        }
        return nil
    }

    /// A decoder notes which required fields it has seen in one word.
    private mutating func checkRequiredCount(_ message: Message) {
        let count =
            message.fields.count(where: \.isRequiredMessage)
            + message.oneofs.count(where: \.isRequired)
        guard count > 64 else { return }
        diagnostics.error(
            .overLimit, at: message.location,
            "'\(message.name)' has \(count) required messages and oneofs, more than 64")
    }

    /// Decoders go as deep as types nest, and Swift keeps a value in one piece of memory.
    private mutating func checkExtent(_ type: TypeID, _ message: Message) {
        let inner = message.fields.compactMap { field in
            if case .message(let id) = field.type { id } else { nil }
        }
        let depth = bounds.depth(type)
        if depth > Self.maximumDepth, !inner.contains(where: isTooDeep) {
            diagnostics.error(
                .overLimit, at: message.location,
                "'\(message.name)' nests \(depth) deep, more than \(Self.maximumDepth)")
        }
        let count = bounds.inlineFields(type)
        if count > Self.maximumInlineFields, !inner.contains(where: isTooLarge) {
            diagnostics.error(
                .overLimit, at: message.location,
                "a value of '\(message.name)' holds \(count) fields with those of its messages, "
                    + "more than \(Self.maximumInlineFields)", hint: "go through a list")
        }
    }

    private func isTooDeep(_ type: TypeID) -> Bool { bounds.depth(type) > Self.maximumDepth }

    private func isTooLarge(_ type: TypeID) -> Bool {
        bounds.inlineFields(type) > Self.maximumInlineFields
    }

    // MARK: Sealing

    private mutating func checkSealable(_ type: TypeID, _ message: Message) {
        guard message.isSealable else { return }
        for field in reachableFields(from: type) {
            var problem: String?
            if field.pii != nil {
                problem = "holds personal data; seal a '@commitment' to it"
            } else if case .builtin(let builtin) = field.type, builtin.isFloat,
                !field.rules.isFinite
            {
                problem = "is not '@finite'"
            } else if bounds.fieldBytes(field) == nil, !isMessage(field.type) {
                problem = "is unbounded"
            } else if field.isRepeated, field.rules.count.maximum == nil {
                problem = "is unbounded"
            }
            guard let problem else { continue }
            diagnostics.error(
                .sealable, at: field.location, "field '\(field.name)' \(problem)",
                notes: [.init(location: message.location, text: "'\(message.name)' is sealable")])
        }
    }

    private func isMessage(_ type: ValueType) -> Bool {
        if case .message = type { true } else { false }
    }

    private func reachableFields(from root: TypeID) -> [Field] {
        var seen: Set<TypeID> = [root]
        var queue = [root]
        var fields: [Field] = []
        var next = 0
        while next < queue.count {
            for field in schema.message(queue[next])?.fields ?? [] {
                fields.append(field)
                if let type = field.type.typeID, seen.insert(type).inserted { queue.append(type) }
            }
            next += 1
        }
        return fields
    }

    // MARK: Sizes of calls

    private mutating func checkSizes(_ method: Method) {
        let directions = [
            (method.request, method.policy.maximumRequestBytes, "request"),
            (method.response, method.policy.maximumResponseBytes, "response"),
        ]
        for (type, explicit, direction) in directions {
            let computed = bounds.maximumBytes(type)
            if let explicit, let computed, explicit < UInt64(computed) {
                diagnostics.error(
                    .unbounded, at: method.location,
                    "the \(direction) may have \(computed) bytes, more than its limit of \(explicit)",
                    hint: "raise '@max_\(direction)' or lower bounds")
            } else if explicit == nil, computed == nil {
                let path = bounds.unboundedPath(type)
                let notes = path.last.map {
                    [Diagnostic.Note(location: $0.location, text: "no '@max' here")]
                }
                diagnostics.error(
                    .unbounded, at: method.location,
                    "the \(direction) is unbounded: "
                        + path.map(\.name).joined(separator: "."),
                    hint: "bound the field, or add '@max_\(direction)(…)'", notes: notes ?? [])
            }
        }
    }
}

extension Field {
    var isRepeated: Bool { cardinality == .list || isMap }
}
