internal import Wire

/// The rules of a field, checked by the calls that generated `validate` methods make, in their
/// order.
struct RuleCheck: Sendable {
    private let name: String
    private let rules: FieldRules
    /// `@required` on a scalar, list or map.
    private let isRequired: Bool
    private let pattern: Pattern?
    private let currencies: [CurrencyCode]

    init(_ field: Field) {
        name = field.name
        rules = field.rules
        isRequired =
            field.isRequired && !field.isRequiredMessage && field.oneof == nil
            && field.cardinality != .optional
        // The compiler has checked the pattern.
        pattern = field.rules.pattern.map { Pattern($0) }
        currencies = field.rules.currencies.compactMap { CurrencyCode($0) }
    }

    // MARK: One value

    func check<T: WireValue>(
        _ value: T, _ presence: Presence, _ violations: inout Violations
    ) {
        if isRequired { violations.required(name, missing: Self.isZero(value)) }
        if let message = value as? DynamicMessage { return violations.nested(name, message) }
        if let text = value as? String { length(text.utf8.count, presence, &violations) }
        if let bytes = value as? [UInt8] { length(bytes.count, presence, &violations) }
        range(value, presence, &violations)
        if rules.isFinite {
            if let number = value as? Double { violations.finite(name, number, presence) }
            if let number = value as? Float { violations.finite(name, number, presence) }
        }
        if !rules.allowed.isEmpty { allowed(value, presence, &violations) }
        if let pattern, let text = value as? String {
            violations.pattern(name, text, pattern, presence)
        }
        money([value], &violations)
    }

    private static func isZero<T: WireValue>(_ value: T) -> Bool {
        switch value {
        case let text as String: text.utf8.isEmpty
        case let bytes as [UInt8]: bytes.isEmpty
        case let flag as Bool: !flag
        case let number as Float: number.bitPattern == 0
        case let number as Double: number.bitPattern == 0
        case let id as UniqueID: id.isZero
        case let named as NamedNumber: named.number == 0
        default: integer(value) == 0
        }
    }

    /// The value of any integer type.
    private static func integer<T>(_ value: T) -> Int128? {
        (value as? any FixedWidthInteger).flatMap { Int128(exactly: $0) }
    }

    private func length(_ count: Int, _ presence: Presence, _ violations: inout Violations) {
        let bounds = rules.length
        if bounds.isEmpty { return }
        if let exact = bounds.maximum, exact == bounds.minimum {
            violations.length(name, count, exactly: exact, presence)
        } else {
            violations.length(name, count, min: bounds.minimum, max: bounds.maximum, presence)
        }
    }

    private func range<T: WireValue>(
        _ value: T, _ presence: Presence, _ violations: inout Violations
    ) {
        guard rules.lower != nil || rules.upper != nil else { return }
        let (lower, upper) = (rules.lower, rules.upper)
        switch value {
        case let number as Int32:
            violations.range(
                name, number, min: Self.integer(lower), max: Self.integer(upper), presence)
        case let number as Int64:
            violations.range(
                name, number, min: Self.integer(lower), max: Self.integer(upper), presence)
        case let number as UInt32:
            violations.range(
                name, number, min: Self.integer(lower), max: Self.integer(upper), presence)
        case let number as UInt64:
            violations.range(
                name, number, min: Self.integer(lower), max: Self.integer(upper), presence)
        case let number as Float:
            violations.range(
                name, number, min: Self.number(lower), max: Self.number(upper), presence)
        case let number as Double:
            violations.range(
                name, number, min: Self.number(lower), max: Self.number(upper), presence)
        case let decimal as Decimal64:
            violations.range(name, decimal, min: Self.decimal(lower), max: Self.decimal(upper))
        case let money as Money:
            violations.range(name, money, min: Self.decimal(lower), max: Self.decimal(upper))
        default: break
        }
    }

    private static func integer<T: FixedWidthInteger>(_ bound: Literal?) -> T? {
        if case .integer(let value)? = bound { T(exactly: value) } else { nil }
    }

    private static func number<T: BinaryFloatingPoint & LosslessStringConvertible>(
        _ bound: Literal?
    ) -> T? {
        bound.flatMap { T($0.text) }
    }

    private static func decimal(_ bound: Literal?) -> Decimal64? {
        bound.flatMap { Decimal64($0.text) }
    }

    private func allowed<T: WireValue>(
        _ value: T, _ presence: Presence, _ violations: inout Violations
    ) {
        if let text = value as? String {
            violations.allowed(name, text, allowedTexts, presence)
        } else if let named = value as? NamedNumber {
            violations.allowed(name, Int128(named.number), allowedNumbers, presence)
        } else if let number = Self.integer(value) {
            violations.allowed(name, number, allowedNumbers, presence)
        }
    }

    private var allowedTexts: [String] {
        rules.allowed.compactMap { if case .string(let text) = $0 { text } else { nil } }
    }

    private var allowedNumbers: [Int128] {
        rules.allowed.compactMap { value in
            switch value {
            case .integer(let number): number
            case .enumerator(let number, _): Int128(number)
            case .string: nil
            }
        }
    }

    private func money<T: WireValue>(_ values: [T], _ violations: inout Violations) {
        for value in values {
            if let maximum = rules.maximumScale {
                if let decimal = value as? Decimal64 {
                    violations.scale(name, decimal, max: maximum)
                }
                if let money = value as? Money { violations.scale(name, money, max: maximum) }
            }
            if !currencies.isEmpty, let money = value as? Money {
                violations.currency(name, money, currencies)
            }
        }
    }

    // MARK: Lists and maps

    func check<T: WireValue>(list values: [T], _ violations: inout Violations) {
        required(values.isEmpty, &violations)
        count(values.count, &violations)
        elements(values, &violations)
        if rules.isUnique { violations.unique(name, values) }
        scalars(values, &violations)
        if let messages = values as? [DynamicMessage] { violations.nested(name, messages) }
    }

    func check<K: WireMapKey, T: WireValue>(
        map: WireMap<K, T>, _ violations: inout Violations
    ) {
        required(map.isEmpty, &violations)
        count(map.count, &violations)
        if let maximum = rules.keyMaximum, let map = map as? WireMap<String, T> {
            violations.keys(name, map, max: maximum)
        }
        elements(map.values, &violations)
        scalars(map.values, &violations)
        if let map = map as? WireMap<K, DynamicMessage> { violations.nested(name, map) }
    }

    private func required(_ isMissing: Bool, _ violations: inout Violations) {
        if isRequired { violations.required(name, missing: isMissing) }
    }

    private func count(_ count: Int, _ violations: inout Violations) {
        let bounds = rules.count
        if bounds.isEmpty { return }
        if let exact = bounds.maximum, exact == bounds.minimum {
            violations.count(name, count, exactly: exact)
        } else {
            violations.count(name, count, min: bounds.minimum, max: bounds.maximum)
        }
    }

    /// `@each`.
    private func elements<T: WireValue>(_ values: [T], _ violations: inout Violations) {
        let bounds = rules.length
        if bounds.isEmpty { return }
        if let texts = values as? [String] {
            violations.each(name, texts, min: bounds.minimum, max: bounds.maximum)
        } else if let blobs = values as? [[UInt8]] {
            violations.each(name, blobs, min: bounds.minimum, max: bounds.maximum)
        }
    }

    private func scalars<T: WireValue>(_ values: [T], _ violations: inout Violations) {
        ranges(values, &violations)
        if rules.isFinite {
            if let numbers = values as? [Double] { violations.finite(name, numbers) }
            if let numbers = values as? [Float] { violations.finite(name, numbers) }
        }
        if !rules.allowed.isEmpty { allowed(values, &violations) }
        if let pattern, let texts = values as? [String] {
            violations.pattern(name, texts, pattern)
        }
        money(values, &violations)
    }

    private func ranges<T: WireValue>(_ values: [T], _ violations: inout Violations) {
        guard rules.lower != nil || rules.upper != nil else { return }
        let (lower, upper) = (rules.lower, rules.upper)
        switch values {
        case let list as [Int32]:
            violations.range(name, list, min: Self.integer(lower), max: Self.integer(upper))
        case let list as [Int64]:
            violations.range(name, list, min: Self.integer(lower), max: Self.integer(upper))
        case let list as [UInt32]:
            violations.range(name, list, min: Self.integer(lower), max: Self.integer(upper))
        case let list as [UInt64]:
            violations.range(name, list, min: Self.integer(lower), max: Self.integer(upper))
        case let list as [Float]:
            violations.range(name, list, min: Self.number(lower), max: Self.number(upper))
        case let list as [Double]:
            violations.range(name, list, min: Self.number(lower), max: Self.number(upper))
        default: break
        }
    }

    private func allowed<T: WireValue>(_ values: [T], _ violations: inout Violations) {
        if let texts = values as? [String] {
            violations.allowed(name, texts, allowedTexts)
        } else if let named = values as? [NamedNumber] {
            violations.allowed(name, named.map { Int128($0.number) }, allowedNumbers)
        } else {
            violations.allowed(name, values.compactMap { Self.integer($0) }, allowedNumbers)
        }
    }
}
