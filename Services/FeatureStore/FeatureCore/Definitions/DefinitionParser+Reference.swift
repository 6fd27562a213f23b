internal import FeatureEngine
internal import RuleLanguage
internal import Yams

/// Parameters, lists, enumerations and rates.
extension DefinitionParser {
    mutating func parseReferenceData(_ object: inout YAMLObject, into parsed: inout DefinitionFile)
    {
        parsed.parameters = entries(object.node("parameters"), "parameters").compactMap {
            parameter($0.key, $0.node)
        }
        parsed.lists = entries(object.node("lists"), "lists").compactMap { list($0.key, $0.node) }
        parsed.enumerations = entries(object.node("enums"), "enums").compactMap {
            enumeration($0.key, $0.node)
        }
        parsed.rates = entries(object.node("rates"), "rates").compactMap { rate($0.key, $0.node) }
    }

    private mutating func parameter(_ name: Located<String>, _ node: Node) -> ParameterDeclaration?
    {
        var value = node
        var unit: Unit?
        if let mapping = node.mapping, mapping.count == 2, mapping["value"] != nil,
            let text = mapping["unit"]
        {
            value = mapping["value"] ?? node
            unit = text.scalar.flatMap { Unit(rawValue: $0.string) }
            if unit == nil {
                report(
                    "a unit is \(Unit.allCases.map(\.rawValue).joined(separator: ", "))",
                    at: text.location(in: file))
            }
        }
        guard let constant = constant(value, depth: 0) else { return nil }
        return ParameterDeclaration(name: name, parameter: Parameter(value: constant, unit: unit))
    }

    /// Numbers of one list or map are of one type: with one double, all are.
    private mutating func constant(_ node: Node, depth: Int) -> Constant? {
        if let scalar = node.scalar { return constant(scalar, node) }
        guard depth < 2 else {
            report("a parameter is at most a map of lists", at: node.location(in: file))
            return nil
        }
        if let mapping = node.mapping {
            let found = entries(node, "a parameter").compactMap { key, value in
                constant(value, depth: depth + 1).map { (Constant.string(key.value), $0) }
            }
            guard found.count == mapping.count else { return nil }
            let values = uniform(found.map(\.1), node)
            let all = zip(found.map(\.0), values).map { Constant.MapEntry(key: $0, value: $1) }
            return .map(all)
        }
        let items = node.sequence.map(Array.init) ?? []
        let found = items.compactMap { constant($0, depth: depth + 1) }
        return found.count == items.count ? .list(uniform(found, node)) : nil
    }

    private mutating func constant(_ scalar: Node.Scalar, _ node: Node) -> Constant? {
        if scalar.style == .singleQuoted || scalar.style == .doubleQuoted {
            return .string(scalar.string)
        }
        if let value = Int64(scalar.string) { return .int(value) }
        if scalar.string == "true" || scalar.string == "false" {
            return .bool(scalar.string == "true")
        }
        if let value = node.float {
            guard value.isFinite else {
                report("a number must be finite", at: node.location(in: file))
                return nil
            }
            return .double(value)
        }
        return .string(scalar.string)
    }

    private mutating func uniform(_ values: [Constant], _ node: Node) -> [Constant] {
        func kind(_ value: Constant) -> Int {
            switch value {
            case .bool: 0
            case .int: 1
            case .double: 2
            case .list: 3
            case .map: 4
            default: 5
            }
        }
        let kinds = Set(values.map(kind))
        if kinds == [1, 2] {
            return values.map {
                if case .int(let value) = $0 { .double(Double(value)) } else { $0 }
            }
        }
        if kinds.count > 1 {
            report("the values of a parameter are of one type", at: node.location(in: file))
        }
        return values
    }

    private mutating func list(_ name: Located<String>, _ node: Node) -> ListDeclaration? {
        if node.sequence != nil {
            return ListDeclaration(name: name, file: nil, entries: texts(node).map(\.value))
        }
        guard let path = node.located(in: file) else {
            report("a list is the name of a file, or a list of texts", at: node.location(in: file))
            return nil
        }
        return ListDeclaration(name: name, file: path, entries: [])
    }

    private mutating func enumeration(
        _ name: Located<String>, _ node: Node
    ) -> EnumerationDeclaration? {
        guard node.sequence != nil else {
            report("an enumeration is a list of texts", at: node.location(in: file))
            return nil
        }
        return EnumerationDeclaration(name: name, labels: texts(node))
    }

    private mutating func rate(_ currency: Located<String>, _ node: Node) -> RateDeclaration? {
        guard let rate = node.scalar.flatMap({ ExchangeRate($0.string) }) else {
            report(
                "a rate is a positive decimal such as 0.9215, what one \(currency.value) is worth",
                at: node.location(in: file))
            return nil
        }
        return RateDeclaration(currency: currency, rate: rate)
    }
}
