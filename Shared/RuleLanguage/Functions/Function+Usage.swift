extension Function {
    /// How a call looks, for diagnostics.
    var usage: String {
        switch self {
        case .size: "size(x) of a text, list or map"
        case .contains: "text.contains('part')"
        case .startsWith: "text.startsWith('part')"
        case .endsWith: "text.endsWith('part')"
        case .matches: "text.matches('pattern')"
        case .int: "int(x) of a number, text or timestamp"
        case .double: "double(x) of a number or text"
        case .bool: "bool(x) of a bool or text"
        case .string: "string(x) of a bool, number, text, category, timestamp or duration"
        case .timestamp: "timestamp('2026-01-31T08:00:00Z')"
        case .duration: "duration('1h30m')"
        case .dyn: "dyn(x)"
        case .getFullYear, .getMonth, .getDate, .getDayOfMonth, .getDayOfWeek, .getDayOfYear:
            "timestamp.\(rawValue)() or timestamp.\(rawValue)('+02:00')"
        case .getHours, .getMinutes, .getSeconds, .getMilliseconds:
            "timestamp.\(rawValue)(), timestamp.\(rawValue)('+02:00') or duration.\(rawValue)()"
        case .ratio: "ratio(number, number)"
        case .ln, .sqrt, .abs: "\(rawValue)(number)"
        case .min, .max: "\(rawValue)(list) or \(rawValue)(a, b, …)"
        case .sum, .avg, .stddev, .slope: "\(rawValue)(list of numbers)"
        case .share, .smoothedShare: "\(rawValue)(counts, key)"
        case .rank: "rank(number, list) or rank(number, counts)"
        case .newest: "newest(list, 3) with a whole number in figures"
        case .daysSince, .secondsSince, .hoursSince, .monthsSince: "\(rawValue)(timestamp)"
        case .daysBetween: "days_between(from, to)"
        case .localHour, .localWeekday, .localDay, .isLastDayOfMonth: "\(rawValue)(timestamp)"
        case .cycleSin, .cycleCos: "\(rawValue)(number, period)"
        case .km: "km(place, place)"
        case .code: "code(category)"
        case .similarity: "similarity(text, text)"
        case .latitudeE7, .longitudeE7: "\(rawValue)(place)"
        case .placeE7: "place_e7(latitude, longitude)"
        case .magnitude: "magnitude(whole number)"
        }
    }
}
