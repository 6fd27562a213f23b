extension Violations {
    // MARK: Ranges

    /// `@range` of a number.
    @inlinable @inline(never)
    public mutating func range<T: Comparable & Numeric & WireValue>(
        _ name: String, _ value: T, min: T? = nil, max: T? = nil,
        _ presence: Presence = .implicit
    ) {
        if presence == .implicit, value == 0 { return }
        if !Self.contains(value, min, max) { report(name, "range", Self.text(min, max)) }
    }

    /// `@range` of the elements of a list.
    @inlinable @inline(never)
    public mutating func range<T: Comparable & Numeric & WireValue>(
        _ name: String, _ values: [T], min: T? = nil, max: T? = nil
    ) {
        for index in values.indices where !Self.contains(values[index], min, max) {
            report(name, "range", Self.text(min, max), index: index)
        }
    }

    /// `@range` of the values of a map.
    @inlinable @inline(never)
    public mutating func range<K, T: Comparable & Numeric & WireValue>(
        _ name: String, _ map: WireMap<K, T>, min: T? = nil, max: T? = nil
    ) {
        range(name, map.values, min: min, max: max)
    }

    /// `@range` of a decimal, by its numeric value.
    public mutating func range(
        _ name: String, _ value: Decimal64, min: Decimal64? = nil, max: Decimal64? = nil,
        _ presence: Presence = .implicit
    ) {
        let below = min.map { value.compare(to: $0) < 0 } ?? false
        let above = max.map { value.compare(to: $0) > 0 } ?? false
        if below || above { report(name, "range", Self.text(min, max)) }
    }

    /// `@range` of an amount of money, whatever its currency.
    public mutating func range(
        _ name: String, _ value: Money, min: Decimal64? = nil, max: Decimal64? = nil,
        _ presence: Presence = .implicit
    ) {
        range(name, value.amount, min: min, max: max)
    }

    // A NaN is in no range.
    @inlinable
    static func contains<T: Comparable>(_ value: T, _ min: T?, _ max: T?) -> Bool {
        (min.map { value >= $0 } ?? true) && (max.map { value <= $0 } ?? true) && value == value
    }

    @inlinable @inline(never)
    static func text<T>(_ min: T?, _ max: T?) -> String {
        (min.map { "\($0)" } ?? "") + "..." + (max.map { "\($0)" } ?? "")
    }

    // MARK: Finite numbers

    /// `@finite`.
    @inlinable @inline(never)
    public mutating func finite<T: BinaryFloatingPoint & WireValue>(
        _ name: String, _ value: T, _ presence: Presence = .implicit
    ) {
        if !value.isFinite { report(name, "finite") }
    }

    /// `@finite` on a list.
    @inlinable @inline(never)
    public mutating func finite<T: BinaryFloatingPoint & WireValue>(
        _ name: String, _ values: [T]
    ) {
        for index in values.indices where !values[index].isFinite {
            report(name, "finite", index: index)
        }
    }

    /// `@finite` on a map.
    @inlinable @inline(never)
    public mutating func finite<K, T: BinaryFloatingPoint & WireValue>(
        _ name: String, _ map: WireMap<K, T>
    ) {
        finite(name, map.values)
    }

    // MARK: Sets and patterns

    /// `@in` of a string.
    public mutating func allowed(
        _ name: String, _ value: String, _ choices: [String],
        _ presence: Presence = .implicit
    ) {
        if presence == .implicit, value.isEmpty { return }
        if !choices.contains(where: { UTF8Order.equal($0, value) }) {
            report(name, "in", choices.joined(separator: ", "))
        }
    }

    /// `@in` of the elements of a list of strings.
    public mutating func allowed(_ name: String, _ values: [String], _ choices: [String]) {
        for (index, value) in values.enumerated()
        where !choices.contains(where: { UTF8Order.equal($0, value) }) {
            report(name, "in", choices.joined(separator: ", "), index: index)
        }
    }

    /// `@in` of an integer, or of the number of an enum.
    @inlinable @inline(never)
    public mutating func allowed<T: FixedWidthInteger>(
        _ name: String, _ value: T, _ choices: [T], _ presence: Presence = .implicit
    ) {
        if presence == .implicit, value == 0 { return }
        if !choices.contains(value) {
            report(name, "in", choices.map { String($0) }.joined(separator: ", "))
        }
    }

    /// `@in` of the elements of a list of integers.
    @inlinable @inline(never)
    public mutating func allowed<T: FixedWidthInteger>(
        _ name: String, _ values: [T], _ choices: [T]
    ) {
        for (index, value) in values.enumerated() where !choices.contains(value) {
            report(name, "in", choices.map { String($0) }.joined(separator: ", "), index: index)
        }
    }

    /// `@pattern` of a string.
    public mutating func pattern(
        _ name: String, _ value: String, _ pattern: Pattern,
        _ presence: Presence = .implicit
    ) {
        if presence == .implicit, value.isEmpty { return }
        if !pattern.matches(value) { report(name, "pattern", pattern.text) }
    }

    /// `@pattern` of the elements of a list.
    public mutating func pattern(_ name: String, _ values: [String], _ pattern: Pattern) {
        for (index, value) in values.enumerated() where !pattern.matches(value) {
            report(name, "pattern", pattern.text, index: index)
        }
    }

    // MARK: Decimals and money; one that is absent breaks nothing

    /// `@scale` of a decimal.
    public mutating func scale(_ name: String, _ value: Decimal64?, max: Int) {
        if let value, value.scale > max { report(name, "scale", String(max)) }
    }

    /// `@scale` of an amount of money.
    public mutating func scale(_ name: String, _ value: Money?, max: Int) {
        scale(name, value?.amount, max: max)
    }

    /// `@currency` of an amount of money.
    public mutating func currency(_ name: String, _ value: Money?, _ codes: [CurrencyCode]) {
        if let value, !codes.contains(value.currency) {
            report(name, "currency", codes.map(\.description).joined(separator: ", "))
        }
    }
}
