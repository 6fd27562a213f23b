internal import AssayMessages
internal import FeatureEngine
internal import Wire

/// Turns the values of fields into the engine's words (``ValueKind``), and says what is wrong with
/// them.
final class FieldReader: Sendable {
    private let baseCurrency: CurrencyCode?
    private let baseDigits: Int
    private let rates: [CurrencyCode: ExchangeRate]
    private let enumerations: [EnumerationDefinition]

    init(_ definitions: DefinitionSet) {
        baseCurrency = CurrencyCode(definitions.baseCurrency)
        baseDigits = definitions.currencyExponent
        enumerations = definitions.enumerations
        var rates: [CurrencyCode: ExchangeRate] = [:]
        for (name, rate) in definitions.reference.rates {
            if let code = CurrencyCode(name) { rates[code] = rate }
        }
        self.rates = rates
    }

    // MARK: Words

    /// The word of a value that has its field's type; a text has none here, nor has money.
    func word(of value: AssayFeaturesV1.FieldValue, _ given: EventPlan.Given) -> Int64? {
        switch value {
        case .integer(let number):
            // A whole number is a double too, if it is one exactly.
            given.type == .double ? Self.word(of: Double(number)) : number
        case .number(let number): Self.word(of: number)
        case .flag(let flag): flag ? 1 : 0
        case .time(let time): time.millisecondsSinceEpoch
        case .day(let day): Int64(day.days) * 86_400_000
        case .place(let place):
            ValueKind.place(
                latitude: Self.degrees(place.latitude, within: 90),
                longitude: Self.degrees(place.longitude, within: 180))
        case .text(let label):
            given.field.enumeration.map { Int64(enumerations[$0].code(of: label) ?? 0) }
        default: nil
        }
    }

    private static func word(of number: Double) -> Int64 {
        // The two zeros are one value.
        Int64(bitPattern: (number == 0 ? 0 : number).bitPattern)
    }

    private static func degrees(_ value: Double, within limit: Double) -> Int32 {
        Int32((max(-limit, min(limit, value)) * 10_000_000).rounded(.toNearestOrEven))
    }

    // MARK: Rules

    /// Nil if the value is of the field's type.
    func typeProblem(
        _ value: AssayFeaturesV1.FieldValue, _ given: EventPlan.Given
    ) -> EventProblem? {
        let fits =
            switch (given.type, value) {
            case (.string, .text), (.category, .text), (.int, .integer), (.bool, .flag),
                (.money, .amount), (.timestamp, .time), (.date, .day):
                true
            case (.double, .number(let number)): number.isFinite
            case (.double, .integer(let number)): Int64(exactly: Double(number)) == number
            case (.place, .place(let place)):
                abs(place.latitude) <= 90 && abs(place.longitude) <= 180
            default: false
            }
        guard !fits else { return nil }
        return EventProblem(
            rule: EventProblem.Rule.type, path: given.path,
            expected: Self.article(given.type.rawValue),
            found: Self.name(value), policy: .reject)
    }

    func rangeProblem(_ word: Int64?, _ given: EventPlan.Given) -> EventProblem? {
        guard let word else { return nil }
        switch given.type {
        case .double: return rangeProblem(Double(bitPattern: UInt64(bitPattern: word)), given)
        case .int, .money, .timestamp, .date, .bool: break
        case .string, .place, .category: return nil
        }
        if let minimum = given.field.minimum, word < minimum {
            return problem(EventProblem.Rule.range, given, "at least \(minimum)", "\(word)")
        }
        if let maximum = given.field.maximum, word > maximum {
            return problem(EventProblem.Rule.range, given, "at most \(maximum)", "\(word)")
        }
        if given.type == .money, given.field.minimum == nil, word < 0 {
            return problem(EventProblem.Rule.negative, given, "at least 0", "\(word)")
        }
        return nil
    }

    private func rangeProblem(_ number: Double, _ given: EventPlan.Given) -> EventProblem? {
        if let minimum = given.field.minimum, number < Double(minimum) {
            return problem(EventProblem.Rule.range, given, "at least \(minimum)", "\(number)")
        }
        if let maximum = given.field.maximum, number > Double(maximum) {
            return problem(EventProblem.Rule.range, given, "at most \(maximum)", "\(number)")
        }
        return nil
    }

    private func problem(
        _ rule: String, _ given: EventPlan.Given, _ expected: String, _ found: String
    ) -> EventProblem {
        EventProblem(rule: rule, path: given.path, expected: expected, found: found, policy: .flag)
    }

    func hasLabel(_ label: String, _ field: FieldDefinition) -> Bool {
        field.enumeration.map { enumerations[$0].code(of: label) != nil } ?? true
    }

    /// The labels of a category, the first few of them.
    func labels(_ field: FieldDefinition) -> String {
        let labels = field.enumeration.map { enumerations[$0].labels } ?? []
        return labels.prefix(8).joined(separator: ", ") + (labels.count > 8 ? ", …" : "")
    }

    private static func name(_ value: AssayFeaturesV1.FieldValue) -> String {
        switch value {
        case .flag: "a bool"
        case .integer(let number): "the int \(number)"
        case .number(let number): "the double \(number)"
        case .text: "a string"
        case .amount: "an amount of money"
        case .time: "a timestamp"
        case .day: "a date"
        case .place: "a place"
        default: "an unknown kind of value"
        }
    }

    private static func article(_ type: String) -> String {
        (type == "int" ? "an " : "a ") + (type == "double" ? "finite double" : type)
    }

    // MARK: Money

    enum Converted {
        /// It was in the base currency.
        case same(Int64)
        case converted(Int64)
        case failed(rule: String, expected: String, found: String)
    }

    /// Minor units of the base currency, half to even.
    ///
    /// - Parameter known: what it was converted to when the event came.
    func convert(_ money: Money, known: Int64?) -> Converted {
        let base = baseCurrency?.description ?? ""
        guard Currencies.digits(of: money.currency) != nil else {
            return .failed(
                rule: EventProblem.Rule.currency, expected: "a currency of ISO 4217",
                found: "\(money.currency)")
        }
        if let known { return .converted(known) }
        let units: Int64?
        if money.currency == baseCurrency {
            units = MinorUnits.convert(
                coefficient: money.coefficient, scale: money.scale, digits: baseDigits)
        } else if let rate = rates[money.currency] {
            units = MinorUnits.convert(
                money.amount, rate: rate.coefficient, rateScale: rate.scale, digits: baseDigits)
        } else {
            return .failed(
                rule: EventProblem.Rule.currency, expected: "a currency with a rate to \(base)",
                found: "\(money.currency)")
        }
        guard let units else {
            return .failed(
                rule: EventProblem.Rule.range,
                expected: "an amount that 64 bits hold in minor units of \(base)",
                found: "a larger one")
        }
        return money.currency == baseCurrency ? .same(units) : .converted(units)
    }

    /// Minor units of the amount's own currency.
    func originalUnits(of money: Money) -> Int64? {
        Currencies.digits(of: money.currency).flatMap {
            MinorUnits.convert(coefficient: money.coefficient, scale: money.scale, digits: $0)
        }
    }
}
