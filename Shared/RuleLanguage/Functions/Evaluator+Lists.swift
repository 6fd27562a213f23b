extension Evaluator {
    /// The smallest or largest of several numbers of one type.
    func extreme(_ function: Function, _ values: ArraySlice<Value>) -> Value {
        guard var best = values.first, values.allSatisfy(\.isNumber) else {
            return .error(.noOverload)
        }
        for value in values.dropFirst() {
            guard let order = Operators.order(numbers: value, best) else {
                return .error(.outOfRange)
            }
            if order == (function == .min ? .before : .after) { best = value }
        }
        return best
    }

    /// A function of all entries of a list of numbers, always from first to last.
    mutating func fold(
        _ function: Function, _ list: Value, _ program: Program, _ frame: FactFrame
    ) -> Value {
        guard list.tag == .list else { return .error(.noOverload) }
        guard list.count <= ExpressionLimits.maximumListEntries else { return .error(.tooLarge) }
        spend(list.count)
        if list.count == 0 { return function == .sum ? .int(0) : .error(.outOfRange) }
        let first = cell(0, of: list, program, frame)
        var total = first
        for index in 0..<list.count {
            let entry = cell(index, of: list, program, frame)
            if entry.isError { return entry }
            guard entry.tag == first.tag, entry.isNumber else { return .error(.noOverload) }
            guard index > 0 else { continue }
            switch function {
            case .min, .max:
                total = extreme(function, [total, entry])
            default:
                total = Operators.arithmetic(.add, total, entry)
            }
            if total.isError { return total }
        }
        switch function {
        case .min, .max, .sum: return total
        case .avg: return .double(total.asDouble / Double(list.count))
        case .stddev:
            return deviation(list, mean: total.asDouble / Double(list.count), program, frame)
        default: return slope(list, mean: total.asDouble / Double(list.count), program, frame)
        }
    }

    /// Of the entries themselves (divided by n), in two passes: no cancellation.
    private func deviation(
        _ list: Value, mean: Double, _ program: Program, _ frame: FactFrame
    ) -> Value {
        guard list.count >= 2 else { return .error(.outOfRange) }
        var sum = 0.0
        for index in 0..<list.count {
            let difference = cell(index, of: list, program, frame).asDouble - mean
            sum += difference * difference
        }
        return .double((sum / Double(list.count)).squareRoot())
    }

    /// Change per entry of the line with the least squares, from the first entry to the last.
    private func slope(
        _ list: Value, mean: Double, _ program: Program, _ frame: FactFrame
    ) -> Value {
        guard list.count >= 2 else { return .error(.outOfRange) }
        let middle = Double(list.count - 1) / 2
        var (product, square) = (0.0, 0.0)
        for index in 0..<list.count {
            let step = Double(index) - middle
            product += step * (cell(index, of: list, program, frame).asDouble - mean)
            square += step * step
        }
        return .double(product / square)
    }

    /// The last entries of a list, which is in order of time.
    func newest(_ list: Value, _ count: Value) -> Value {
        guard list.tag == .list, count.tag == .int else { return .error(.noOverload) }
        guard count.int >= 0 else { return .error(.outOfRange) }
        let kept = Int(min(count.int, Int64(list.count)))
        return .composite(
            .list, list.table, at: list.index + list.count - kept, count: kept)
    }

    // MARK: Counts

    /// The part of all counts that a key has; smoothed, every class counts one more.
    mutating func share(
        of key: Value, in counts: Value, isSmoothed: Bool, _ program: Program, _ frame: FactFrame
    ) -> Value {
        guard counts.tag == .map || counts.tag == .list else { return .error(.noOverload) }
        spend(counts.count)
        var total: Int64 = 0
        for index in 0..<counts.count {
            let place = counts.tag == .map ? 2 * index + 1 : index
            let count = cell(place, of: counts, program, frame)
            if count.isError { return count }
            guard count.tag == .int, count.int >= 0 else { return .error(.outOfRange) }
            let (sum, overflow) = total.addingReportingOverflow(count.int)
            if overflow { return .error(.overflow) }
            total = sum
        }
        var own = entry(key, of: counts, program, frame)
        if own.isError, own.error == .noSuchKey { own = .int(0) }
        guard own.tag == .int else { return own }
        if isSmoothed {
            guard counts.count > 0 else { return .error(.divisionByZero) }
            return .double((Double(own.int) + 1) / (Double(total) + Double(counts.count)))
        }
        return total == 0 ? .error(.divisionByZero) : .double(Double(own.int) / Double(total))
    }

    /// The part of the values that are below a number, equal ones counted half.
    mutating func rank(
        _ number: Value, in values: Value, _ program: Program, _ frame: FactFrame
    ) -> Value {
        guard number.isNumber, values.tag == .list || values.tag == .map else {
            return .error(.noOverload)
        }
        guard values.count <= ExpressionLimits.maximumListEntries else { return .error(.tooLarge) }
        spend(values.count)
        var (below, same, total) = (0.0, 0.0, 0.0)
        for index in 0..<values.count {
            let isMap = values.tag == .map
            let entry = cell(isMap ? 2 * index : index, of: values, program, frame)
            let count = isMap ? cell(2 * index + 1, of: values, program, frame) : .int(1)
            guard entry.isNumber, count.tag == .int else {
                return entry.isError ? entry : count.isError ? count : .error(.noOverload)
            }
            guard let order = Operators.order(numbers: entry, number), count.int >= 0 else {
                return .error(.outOfRange)
            }
            total += Double(count.int)
            if order == .before { below += Double(count.int) }
            if order == .same { same += Double(count.int) }
        }
        return total == 0 ? .error(.divisionByZero) : .double((below + same / 2) / total)
    }
}
