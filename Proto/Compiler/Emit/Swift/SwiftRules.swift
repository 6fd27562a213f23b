/// The validation calls of a field (wire.md §5): one statement per rule.
struct SwiftRules {
    let field: SwiftField
    /// Name of the static `Pattern` that the field matches, if it has one.
    let pattern: String?

    private var rules: FieldRules { field.field.rules }
    private var name: String { Quoted.swift(field.field.name) }
    private var isTextual: Bool {
        if case .builtin(let builtin) = field.field.type { builtin.isTextual } else { false }
    }

    /// The calls for a property outside a oneof.
    func statements() -> [String] {
        let value = field.reference
        switch field.field.cardinality {
        case .singular: return required(value) + valueRules(value, isExplicit: false)
        case .optional: return nested(value)
        case .list, .map: return required(value) + collectionRules(value)
        }
    }

    /// The calls inside `if let value = …` or `case .member(let value)`.
    func explicitStatements() -> [String] {
        valueRules("value", isExplicit: true)
    }

    /// Whether a `T?` has rules of its own, besides those of its message.
    var hasExplicitRules: Bool {
        isOptionalScalarRule && !valueRules("value", isExplicit: true).isEmpty
    }

    private var isOptionalScalarRule: Bool {
        if case .message = field.field.type { return false }
        return field.field.cardinality == .optional
    }

    // MARK: Rules

    private func required(_ value: String) -> [String] {
        guard field.field.isRequired, !field.field.isRequiredMessage else { return [] }
        let missing: String
        switch (field.field.cardinality, field.field.type) {
        case (.list, _), (.map, _), (_, .builtin(.string)), (_, .builtin(.bytes)):
            missing = "\(value).isEmpty"
        case (_, .builtin(.bool)): missing = "!\(value)"
        case (_, .builtin(.float)), (_, .builtin(.double)): missing = "\(value).bitPattern == 0"
        case (_, .builtin(.uuid)): missing = "\(value).isZero"
        case (_, .enumeration): missing = "\(value).number == 0"
        default: missing = "\(value) == 0"
        }
        return ["violations.required(\(name), missing: \(missing))"]
    }

    private func nested(_ value: String) -> [String] {
        guard case .message = field.field.type else { return [] }
        return ["violations.nested(\(name), \(value))"]
    }

    private func valueRules(_ value: String, isExplicit: Bool) -> [String] {
        // Decimal and money have presence of their own: no argument says so.
        let suffix = isExplicit && !field.field.type.isMessageType ? ", .explicit" : ""
        var result = nested(value)
        if let limits = limits(rules.length) {
            let size = field.field.type == .builtin(.string) ? "utf8.count" : "count"
            result.append("violations.length(\(name), \(value).\(size), \(limits)\(suffix))")
        }
        return result + scalarRules(value, suffix: suffix)
    }

    private func collectionRules(_ value: String) -> [String] {
        var result: [String] = []
        if let limits = limits(rules.count) {
            result.append("violations.count(\(name), \(value).count, \(limits))")
        }
        if let maximum = rules.keyMaximum {
            result.append(
                "violations.keys(\(name), \(value), max: \(SwiftLiteral.decimal(maximum)))")
        }
        if isTextual, !rules.length.isEmpty {
            let limits = bounds(rules.length)
            result.append("violations.each(\(name), \(value), \(limits))")
        }
        if rules.isUnique { result.append("violations.unique(\(name), \(value))") }
        return result + scalarRules(value, suffix: "") + nested(value)
    }

    private func scalarRules(_ value: String, suffix: String) -> [String] {
        var result: [String] = []
        if rules.lower != nil || rules.upper != nil {
            let limits = [("min", rules.lower), ("max", rules.upper)].compactMap { label, bound in
                bound.map { "\(label): \(literal($0))" }
            }
            result.append(
                "violations.range(\(name), \(value), \(limits.joined(separator: ", "))\(suffix))")
        }
        if rules.isFinite { result.append("violations.finite(\(name), \(value)\(suffix))") }
        if !rules.allowed.isEmpty {
            let values = rules.allowed.map(allowed).joined(separator: ", ")
            let subject = isEnum ? numbers(value) : elements(value)
            result.append("violations.allowed(\(name), \(subject), [\(values)]\(suffix))")
        }
        if let pattern {
            result.append(
                "violations.pattern(\(name), \(elements(value)), Self.\(pattern)\(suffix))")
        }
        if let scale = rules.maximumScale {
            result.append("violations.scale(\(name), \(value), max: \(scale))")
        }
        if !rules.currencies.isEmpty {
            let codes = rules.currencies.map(Quoted.swift).joined(separator: ", ")
            result.append("violations.currency(\(name), \(value), [\(codes)])")
        }
        return result
    }

    private var isEnum: Bool {
        if case .enumeration = field.field.type { true } else { false }
    }

    /// The values of a map; else the value or list itself.
    private func elements(_ value: String) -> String {
        field.field.isMap ? "\(value).values" : value
    }

    private func numbers(_ value: String) -> String {
        switch field.field.cardinality {
        case .list: "\(value).map(\\.number)"
        case .map: "\(value).values.map(\\.number)"
        default: "\(value).number"
        }
    }

    private func allowed(_ value: FieldRules.AllowedValue) -> String {
        switch value {
        case .integer(let number): SwiftLiteral.decimal(number)
        case .string(let text): Quoted.swift(text)
        case .enumerator(let number, _): SwiftLiteral.decimal(number)
        }
    }

    private func literal(_ bound: Literal) -> String {
        if field.field.type == .builtin(.decimal) { return "Decimal64(\"\(bound.text)\")" }
        if case .integer(let number) = bound { return SwiftLiteral.decimal(number) }
        return bound.text
    }

    private func limits(_ bounds: FieldRules.Bounds) -> String? {
        if bounds.isEmpty { return nil }
        if let exact = bounds.maximum, exact == bounds.minimum {
            return "exactly: \(SwiftLiteral.decimal(exact))"
        }
        return self.bounds(bounds)
    }

    private func bounds(_ bounds: FieldRules.Bounds) -> String {
        [("min", bounds.minimum), ("max", bounds.maximum)].compactMap { label, bound in
            bound.map { "\(label): \(SwiftLiteral.decimal($0))" }
        }.joined(separator: ", ")
    }
}
