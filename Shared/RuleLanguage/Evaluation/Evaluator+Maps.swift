extension Evaluator {
    /// A map of keys and values in turn. Sorts them, unless they are sorted already.
    mutating func makeMap(_ cells: [Value], _ program: Program, _ frame: FactFrame) -> Value {
        let count = cells.count / 2
        spend(2 * count)
        guard count <= ExpressionLimits.maximumListEntries else { return .error(.tooLarge) }
        for index in 0..<count {
            switch cells[2 * index].tag {
            case .bool, .int: continue
            case .text: spend(text(cells[2 * index], program, frame).utf8.count / 16)
            default: return .error(.badKey)
            }
        }
        let order = (0..<count).sorted { precedes(cells[2 * $0], cells[2 * $1], program, frame) }
        for (a, b) in zip(order, order.dropFirst())
        where !precedes(cells[2 * a], cells[2 * b], program, frame) {
            return .error(.badKey)
        }
        for index in order {
            scratch.cells.append(cells[2 * index])
            scratch.cells.append(cells[2 * index + 1])
        }
        return .composite(.map, .scratch, at: scratch.cells.count - 2 * count, count: count)
    }

    private func precedes(_ a: Value, _ b: Value, _ program: Program, _ frame: FactFrame) -> Bool {
        KeyOrder.precedes(a, b) { text($0, program, frame) }
    }

    /// The position of a key; nil if the map does not have it.
    mutating func find(_ key: Value, in map: Value, _ program: Program, _ frame: FactFrame) -> Int?
    {
        var key = key
        if key.tag == .double {
            guard let whole = Int64(exactly: key.double) else { return nil }
            key = .int(whole)
        }
        if key.tag == .text { spend(text(key, program, frame).utf8.count / 16) }
        var (low, high) = (0, map.count)
        while low < high {
            let middle = (low + high) / 2
            let candidate = cell(2 * middle, of: map, program, frame)
            if precedes(candidate, key, program, frame) { low = middle + 1 } else { high = middle }
        }
        guard low < map.count else { return nil }
        let candidate = cell(2 * low, of: map, program, frame)
        return candidate.tag == key.tag && !precedes(key, candidate, program, frame) ? low : nil
    }

    func isKey(_ value: Value) -> Bool {
        switch value.tag {
        case .bool, .int, .text, .double: true
        default: false
        }
    }

    /// `container[key]`.
    mutating func entry(
        _ key: Value, of container: Value, _ program: Program, _ frame: FactFrame
    ) -> Value {
        switch (container.tag, key.tag) {
        case (.list, .int), (.list, .double):
            let position = key.tag == .int ? Int(exactly: key.int) : Int(exactly: key.double)
            guard let position, position >= 0, position < container.count else {
                return .error(.outOfRange)
            }
            return cell(position, of: container, program, frame)
        case (.map, _) where isKey(key):
            guard let position = find(key, in: container, program, frame) else {
                return .error(.noSuchKey)
            }
            return cell(2 * position + 1, of: container, program, frame)
        default: return .error(.noOverload)
        }
    }

    /// The entry of a key, or of the key `*`, which stands for all others.
    mutating func lookUp(
        _ key: Value, in map: Value, _ program: Program, _ frame: FactFrame
    ) -> Value {
        guard map.tag == .map, isKey(key) else { return .error(.noOverload) }
        if let position = find(key, in: map, program, frame) {
            return cell(2 * position + 1, of: map, program, frame)
        }
        for position in 0..<map.count {
            let candidate = cell(2 * position, of: map, program, frame)
            if candidate.tag == .text, text(candidate, program, frame) == "*" {
                return cell(2 * position + 1, of: map, program, frame)
            }
        }
        return .error(.noSuchKey)
    }

    /// The row of a table whose key field equals a value.
    @inline(never)
    mutating func row(
        _ key: Value, of table: Value, field: Int, _ program: Program, _ frame: FactFrame
    ) -> Value {
        if let error = Operators.error(table, key) { return error }
        guard table.tag == .list else { return .error(.noOverload) }
        spend(table.count)
        for position in 0..<table.count {
            let row = cell(position, of: table, program, frame)
            guard row.tag == .record else { return .error(.noOverload) }
            let candidate = cell(field, of: row, program, frame)
            if !candidate.isError, equal(candidate, key, program, frame) { return row }
        }
        return .error(.noSuchKey)
    }
}
