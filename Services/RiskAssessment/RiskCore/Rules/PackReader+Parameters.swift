internal import RuleLanguage

/// Values that rule authors tune, with the record of how each came about.
extension PackReader {
    static let maximumParameters = 1_024

    /// What a number may count. Only money changes what rules may do with it.
    private static let units = [
        "money", "count", "share", "ratio", "score", "seconds", "minutes", "hours", "days",
        "months", "years", "milliseconds", "kilometres", "kilometres per hour",
    ]

    mutating func readParameters(_ node: SourceNode?, into pack: inout Pack) {
        for (name, nameNode, node) in node?.entries(&problems) ?? [] {
            if !Self.isName(name) {
                problems.append(
                    nameNode.problem(
                        "expected a name of small letters, digits and '_' such as hourly_limit, "
                            + "found '\(name.prefix(40))'"))
            }
            guard let (parameter, isTuned) = readParameter(node) else { continue }
            pack.parameters[name] = parameter
            pack.parameterNodes[name] = nameNode
            if isTuned { pack.tuned.insert(name) }
        }
    }

    private mutating func readParameter(
        _ node: SourceNode
    ) -> (parameter: Parameter, isTuned: Bool)? {
        let keys = node.object(
            required: ["type", "value"], optional: ["unit", "range", "tuning", "note"],
            examples: Self.examples, &problems)
        let unit = readUnit(keys["unit"])
        let range = readRange(keys["range"])
        let type = keys["type"]?.text(&problems)
        guard let type, type == "int" || type == "double" || type == "string" else {
            let found = type.map { ", found '\($0.prefix(40))'" } ?? ""
            problems.append(
                (keys["type"] ?? node).problem("expected int, double or string" + found))
            return nil
        }
        guard let valueNode = keys["value"], let value = readValue(valueNode, type) else {
            return nil
        }
        if let range, let number = Self.number(value), !range.contains(number) {
            problems.append(
                valueNode.problem(
                    "\(Self.text(value)) is outside the parameter's range \(Self.text(range)); "
                        + "change the value or the range"))
        }
        let tuning = keys["tuning"].map { readTuning($0, type, range, value) } ?? false
        return (Parameter(value: value, isMoney: unit == "money"), tuning)
    }

    private mutating func readUnit(_ node: SourceNode?) -> String? {
        guard let node, let unit = node.text(&problems) else { return nil }
        if !Self.units.contains(unit) {
            problems.append(
                node.problem(
                    "unknown unit '\(unit.prefix(40))'; known are "
                        + Self.units.joined(separator: ", ")))
        }
        return unit
    }

    private mutating func readValue(_ node: SourceNode, _ type: String) -> Constant? {
        switch type {
        case "int": node.int(Int64.min...Int64.max, &problems).map { .int($0) }
        case "double":
            node.double(-Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude, &problems)
                .map { .double($0) }
        default: node.text(&problems).map { .string($0) }
        }
    }

    private mutating func readRange(_ node: SourceNode?) -> ClosedRange<Double>? {
        guard let node else { return nil }
        let found = problems.count
        let bounds = node.list(&problems).compactMap {
            $0.double(-Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude, &problems)
        }
        guard problems.count == found else { return nil }
        guard bounds.count == 2 else {
            problems.append(
                node.problem("expected [least, greatest], found \(bounds.count) numbers"))
            return nil
        }
        guard bounds[0] <= bounds[1] else {
            problems.append(
                node.problem(
                    "expected [least, greatest], found \(bounds[0]) before \(bounds[1])"))
            return nil
        }
        return bounds[0]...bounds[1]
    }

    private static func number(_ value: Constant) -> Double? {
        switch value {
        case .int(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    private static func text(_ value: Constant) -> String {
        switch value {
        case .int(let value): "\(value)"
        case .double(let value): "\(value)"
        case .string(let value): "'\(value.prefix(40))'"
        default: "a value"
        }
    }

    private static func text(_ range: ClosedRange<Double>) -> String {
        "\(range.lowerBound) to \(range.upperBound)"
    }

    // MARK: Tuning

    /// Whether there is at least one record of a change. Each says who changed what, on which data,
    /// and how often the rules held before and after; a value that changes hands needs two people.
    private mutating func readTuning(
        _ node: SourceNode, _ type: String, _ range: ClosedRange<Double>?, _ value: Constant
    ) -> Bool {
        var last: (day: Int64?, to: Constant?) = (nil, nil)
        let records = node.list(&problems)
        for record in records {
            let keys = record.object(
                required: ["on", "by", "approved_by", "from", "to", "data", "why", "hits_per_day"],
                optional: ["note"], examples: Self.examples, &problems)
            let day = readTime(keys["on"])
            checkPeople(keys)
            for key in ["data", "why"] { _ = readSentence(keys[key], key) }
            readHits(keys["hits_per_day"])
            let from = keys["from"].flatMap { readValue($0, type) }
            let to = keys["to"].flatMap { readValue($0, type) }
            if let day, let before = last.day, day < before, let node = keys["on"] {
                problems.append(node.problem("the records stand from old to new; this is older"))
            }
            if let from, let before = last.to, from != before, let node = keys["from"] {
                problems.append(
                    node.problem(
                        "the record before ends at \(Self.text(before)); "
                            + "found \(Self.text(from))"))
            }
            last = (day, to)
        }
        if let to = last.to, to != value, let record = records.last {
            problems.append(
                record.problem(
                    "the last record ends at \(Self.text(to)), but the value is "
                        + "\(Self.text(value)); add a record of the change"))
        }
        if records.isEmpty, node.node.sequence != nil {
            problems.append(node.problem("expected a record of a change, found none; leave it out"))
        }
        return !records.isEmpty
    }

    private mutating func checkPeople(_ keys: [String: SourceNode]) {
        let author = readSentence(keys["by"], "by")
        let approver = readSentence(keys["approved_by"], "approved_by")
        if let author, let node = keys["approved_by"], author == approver {
            problems.append(
                node.problem(
                    "'\(author.prefix(40))' made the change; another person approves it"))
        }
    }

    private mutating func readSentence(_ node: SourceNode?, _ key: String) -> String? {
        guard let node, let text = node.text(&problems) else { return nil }
        if text.allSatisfy(\.isWhitespace) {
            problems.append(
                node.problem(
                    "'\(key)' is empty; write for example '\(Self.examples[key] ?? key)'"))
            return nil
        }
        return text
    }

    private mutating func readHits(_ node: SourceNode?) {
        guard let node else { return }
        let hits = node.list(&problems)
        let numbers = hits.compactMap { $0.double(0...1e15, &problems) }
        if hits.count != 2, node.node.sequence != nil {
            problems.append(
                node.problem(
                    "expected hits a day [before, after] the change, found \(numbers.count) numbers"
                ))
        }
    }
}
