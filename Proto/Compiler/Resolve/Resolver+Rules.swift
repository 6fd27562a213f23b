/// What a field is, as far as its annotations care.
struct RuleContext {
    let type: ValueType
    let cardinality: Field.Cardinality
    let section: Int
    /// A member of a oneof or union.
    let isMember: Bool
    let nameSpan: Span

    var isCollection: Bool { cardinality != .singular && cardinality != .optional }

    var builtin: Builtin? {
        if case .builtin(let builtin) = type { builtin } else { nil }
    }

    func typeName(_ schema: Schema) -> String {
        schema.typeText(type, cardinality, name: \.name)
    }
}

/// The value rules of wire.md §5: typed, and refused where they make no sense.
extension Resolver {
    mutating func rules(_ annotations: AnnotationSet, _ context: RuleContext) -> FieldRules {
        var rules = FieldRules()
        applyLengths(annotations, context, to: &rules)
        applyElementRules(annotations, context, to: &rules)
        applyValueRules(annotations, context, to: &rules)
        if let commitment = annotations["commitment"] {
            noArguments(of: commitment)
            allow(commitment, context, context.builtin == .bytes && !context.isCollection)
            rules.isCommitment = true
            rules.length = .init(minimum: 32, maximum: 32)
        }
        checkBounds(rules, annotations, context)
        return rules
    }

    /// Reports an annotation that does not fit the field's type.
    private mutating func allow(
        _ annotation: AnnotationSyntax, _ context: RuleContext, _ fits: Bool
    ) {
        guard !fits else { return }
        error(
            .annotationPlace, annotation,
            "'@\(annotation.name.text)' does not apply to \(context.typeName(schema))")
    }

    private mutating func applyLengths(
        _ annotations: AnnotationSet, _ context: RuleContext, to rules: inout FieldRules
    ) {
        var bounds = FieldRules.Bounds()
        for name in ["max", "min", "len"] {
            guard let annotation = annotations[name] else { continue }
            allow(annotation, context, context.isCollection || context.builtin?.isTextual == true)
            let number = integerArgument(of: annotation, in: 0...(1 << 30))
            if name != "min" { bounds.maximum = number }
            if name != "max" { bounds.minimum = number }
        }
        if context.isCollection { rules.count = bounds } else { rules.length = bounds }
    }

    private mutating func applyElementRules(
        _ annotations: AnnotationSet, _ context: RuleContext, to rules: inout FieldRules
    ) {
        if let each = annotations["each"] {
            allow(each, context, context.isCollection && context.builtin?.isTextual == true)
            if let values = arguments(of: each, allowed: ["max", "min"]) {
                rules.length.maximum = count(values["max"])
                rules.length.minimum = count(values["min"])
                if rules.length.isEmpty { argumentError(each, "max: or min:") }
            }
        }
        if let key = annotations["key"] {
            var fits = false
            if case .map(.string, _) = context.cardinality { fits = true }
            allow(key, context, fits)
            if let values = arguments(of: key, allowed: ["max"]) {
                rules.keyMaximum = count(values["max"])
                if rules.keyMaximum == nil { argumentError(key, "max:") }
            }
        }
        if let unique = annotations["unique"] {
            noArguments(of: unique)
            allow(unique, context, context.cardinality == .list)
            rules.isUnique = true
        }
    }

    private mutating func applyValueRules(
        _ annotations: AnnotationSet, _ context: RuleContext, to rules: inout FieldRules
    ) {
        let builtin = context.builtin
        if let finite = annotations["finite"] {
            noArguments(of: finite)
            allow(finite, context, builtin?.isFloat == true)
            rules.isFinite = true
        }
        if let range = annotations["range"] { applyRange(range, context, to: &rules) }
        if let values = annotations["in"] { applyAllowed(values, context, to: &rules) }
        if let pattern = annotations["pattern"] {
            allow(pattern, context, builtin == .string)
            rules.pattern = stringArgument(of: pattern)
            if let text = rules.pattern, let problem = PatternSyntax.problem(in: text) {
                error(.pattern, pattern, problem)
            }
        }
        if let scale = annotations["scale"] {
            allow(scale, context, builtin == .decimal || builtin == .money)
            if let values = arguments(of: scale, allowed: ["max"]) {
                rules.maximumScale = count(values["max"])
                if rules.maximumScale.map({ (0...18).contains($0) }) != true {
                    argumentError(scale, "max: from 0 to 18")
                }
            }
        }
        if let currency = annotations["currency"] {
            allow(currency, context, builtin == .money)
            rules.currencies = currencies(currency)
        }
    }

    private mutating func applyRange(
        _ range: AnnotationSyntax, _ context: RuleContext, to rules: inout FieldRules
    ) {
        let builtin = context.builtin
        let isInteger = builtin?.isInteger == true
        allow(range, context, isInteger || builtin?.isFloat == true || builtin == .decimal)
        guard let value = soleArgument(of: range) else { return }
        guard case .range(let lower, let upper) = value.kind else {
            return argumentError(range, "a range such as 0...1, 1... or ...5")
        }
        if isInteger, [lower, upper].contains(where: { !fits($0, builtin) }) {
            let name = context.typeName(schema)
            return argumentError(range, "bounds that are values of \(name)")
        }
        rules.lower = lower
        rules.upper = upper
    }

    private func fits(_ literal: Literal?, _ builtin: Builtin?) -> Bool {
        guard let literal else { return true }
        guard case .integer(let value) = literal else { return false }
        return switch builtin {
        case .int32: Int32(exactly: value) != nil
        case .int64: Int64(exactly: value) != nil
        case .uint32: UInt32(exactly: value) != nil
        default: UInt64(exactly: value) != nil
        }
    }

    private mutating func applyAllowed(
        _ annotation: AnnotationSyntax, _ context: RuleContext,
        to rules: inout FieldRules
    ) {
        var enumeration: EnumMembers?
        if case .enumeration(let id) = context.type { enumeration = enumMembers(id) }
        let builtin = context.builtin
        let isInteger = builtin?.isInteger == true
        allow(annotation, context, isInteger || builtin == .string || enumeration != nil)
        guard let value = soleArgument(of: annotation) else { return }
        guard case .list(let values) = value.kind, !values.isEmpty else {
            return argumentError(annotation, "a list such as [1, 2]")
        }
        for value in values {
            switch value.kind {
            case .number(.integer(let number)) where isInteger && fits(.integer(number), builtin):
                rules.allowed.append(.integer(number))
            case .string(let text) where builtin == .string:
                rules.allowed.append(.string(text))
            case .name(let name):
                if let number = enumeration?[name] {
                    rules.allowed.append(.enumerator(number, name))
                    continue
                }
                fallthrough
            default:
                diagnostics.error(
                    .annotationArgument, at: Location(file: annotation.file, span: value.span),
                    "this is not a value of \(context.typeName(schema))")
            }
        }
    }

    typealias EnumMembers = [String: Int]

    /// Values by name, from the syntax: the enum may not be resolved yet.
    private func enumMembers(_ id: TypeID) -> EnumMembers {
        guard case .enumeration(let members) = typeSyntax[id.index].declaration.body else {
            return [:]
        }
        var result: EnumMembers = [:]
        for case .value(let value) in members {
            result[value.name.text] = Int(clamping: value.number.value)
        }
        return result
    }

    private mutating func currencies(_ annotation: AnnotationSyntax) -> [String] {
        guard let value = soleArgument(of: annotation) else { return [] }
        var names: [String] = []
        if case .list(let values) = value.kind {
            for value in values {
                if case .name(let name) = value.kind, name.wholeMatch(of: /[A-Z]{3}/) != nil {
                    names.append(name)
                }
            }
            if names.count == values.count && !names.isEmpty { return names }
        }
        argumentError(annotation, "a list of ISO 4217 codes such as [EUR, USD]")
        return []
    }

    // MARK: Contradictions

    private mutating func checkBounds(
        _ rules: FieldRules, _ annotations: AnnotationSet, _ context: RuleContext
    ) {
        let own = [annotations["max"], annotations["min"]].compactMap { $0 }
        let each = [annotations["each"]].compactMap { $0 }
        checkOrder(rules.count, own)
        checkOrder(rules.length, context.isCollection ? each : own)
        if let len = annotations["len"], annotations.has("max") || annotations.has("min") {
            error(.contradiction, len, "'@len' already says both '@max' and '@min'")
        }
        if let range = annotations["range"], let lower = rules.lower, let upper = rules.upper,
            lower.isGreater(than: upper)
        {
            error(.contradiction, range, "the range \(lower.text)...\(upper.text) is empty")
        }
        checkAllowed(rules, annotations)
    }

    private mutating func checkOrder(_ bounds: FieldRules.Bounds, _ places: [AnnotationSyntax]) {
        guard let low = bounds.minimum, let high = bounds.maximum, low > high,
            let last = places.max(by: { $0.span.start < $1.span.start })
        else { return }
        let others = places.filter { $0.location != last.location }
        diagnostics.error(
            .contradiction, at: last.location, "no value has at least \(low) and at most \(high)",
            notes: others.map { .init(location: $0.location, text: "the other bound") })
    }

    /// A list of values of which the other rules leave none.
    private mutating func checkAllowed(_ rules: FieldRules, _ annotations: AnnotationSet) {
        guard let list = annotations["in"], !rules.allowed.isEmpty else { return }
        let isPossible = rules.allowed.contains { value in
            switch value {
            case .integer(let number):
                let isBelow = rules.lower?.isGreater(than: .integer(number)) ?? false
                let isAbove = rules.upper.map { Literal.integer(number).isGreater(than: $0) }
                return !isBelow && !(isAbove ?? false)
            case .string(let text):
                let low = rules.length.minimum ?? 0
                return (low...max(low, rules.length.maximum ?? .max)).contains(text.utf8.count)
            case .enumerator: return true
            }
        }
        if !isPossible {
            error(.contradiction, list, "the field's other rules allow none of these values")
        }
    }

    mutating func checkPresence(
        _ annotations: AnnotationSet, _ context: RuleContext, isForeign: Bool
    ) {
        noArguments(of: annotations["required"])
        if let required = annotations["required"] {
            if context.isMember {
                error(
                    .annotationPlace, required,
                    "a member of a oneof or union is present when it is chosen",
                    hint: "put '@required' on the oneof")
            } else if context.cardinality == .optional {
                error(
                    .contradiction, required,
                    "'?' says that the field may be absent, '@required' that it may not")
            } else if isForeign && context.type.isMessageType && !context.isCollection {
                error(
                    .foreign, required,
                    "a foreign peer does not know '@required' messages", hint: "write '?'")
            }
        }
        if context.isMember {
            guard context.cardinality != .singular else { return }
            error(
                .shape, context.section, context.nameSpan,
                "a member of a oneof or union is a plain value, not \(context.typeName(schema))")
        } else if context.cardinality == .singular, context.type.isMessageType,
            !annotations.has("required")
        {
            let name = context.typeName(schema)
            error(
                .presence, context.section, context.nameSpan,
                "say whether this \(name) may be absent",
                hint: isForeign ? "write '\(name)?'" : "write '\(name)?' or add '@required'")
        }
    }
}
