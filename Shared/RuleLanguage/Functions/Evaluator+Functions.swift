extension Evaluator {
    /// A function of values on the stack, none of which is an error.
    mutating func call(
        _ function: Function, first: Int, count: Int, _ program: Program, _ frame: FactFrame
    ) -> Value {
        let a = stack[first]
        switch function {
        case .size, .contains, .startsWith, .endsWith, .similarity:
            return textual(function, a, count > 1 ? stack[first + 1] : .null, program, frame)
        case .int, .double, .bool, .string, .timestamp, .duration:
            return converted(function, a, program, frame)
        case .dyn: return a
        case .code: return a.tag == .category ? .int(a.int) : .error(.noOverload)
        case .ratio, .ln, .sqrt, .abs, .cycleSin, .cycleCos, .magnitude:
            return Arithmetic.apply(function, a, count > 1 ? stack[first + 1] : .null)
        case .km, .latitudeE7, .longitudeE7, .placeE7:
            return Places.apply(function, a, count > 1 ? stack[first + 1] : .null)
        case .min where count > 1, .max where count > 1:
            return extreme(function, stack[first..<(first + count)])
        case .min, .max, .sum, .avg, .stddev, .slope: return fold(function, a, program, frame)
        case .share, .smoothedShare:
            return share(
                of: stack[first + 1], in: a, isSmoothed: function == .smoothedShare,
                program, frame)
        case .rank: return rank(a, in: stack[first + 1], program, frame)
        case .newest: return newest(a, stack[first + 1])
        case .matches: return .error(.noOverload)
        case .daysSince, .daysBetween, .secondsSince, .hoursSince, .monthsSince:
            return span(function, a, stack[first + 1])
        case .localHour, .localWeekday, .localDay, .isLastDayOfMonth:
            return local(function, a, offset: stack[first + 1])
        default:
            return clock(function, a, zone: count > 1 ? stack[first + 1] : nil, program, frame)
        }
    }

    // MARK: Texts

    private mutating func textual(
        _ function: Function, _ a: Value, _ b: Value, _ program: Program, _ frame: FactFrame
    ) -> Value {
        if function == .size {
            switch a.tag {
            case .text:
                let text = text(a, program, frame)
                spend(text.utf8.count / 16)
                return .int(Int64(text.unicodeScalars.count))
            case .list, .map: return .int(Int64(a.count))
            default: return .error(.noOverload)
            }
        }
        guard a.tag == .text, b.tag == .text else { return .error(.noOverload) }
        let (whole, part) = (text(a, program, frame), text(b, program, frame))
        spend((whole.utf8.count + part.utf8.count) / 16)
        switch function {
        case .contains: return .bool(whole.hasExactly(part))
        case .startsWith: return .bool(whole.utf8.starts(with: part.utf8))
        case .endsWith:
            return .bool(whole.utf8.reversed().starts(with: part.utf8.reversed()))
        default:
            guard whole.utf8.count + part.utf8.count <= Similarity.maximumBytes else {
                return .error(.tooLarge)
            }
            spend(whole.utf8.count + part.utf8.count)
            return .double(Similarity.dice(whole, part))
        }
    }

    // MARK: Conversions

    private mutating func converted(
        _ function: Function, _ a: Value, _ program: Program, _ frame: FactFrame
    ) -> Value {
        if a.tag == .text { return parsed(function, a, text(a, program, frame)) }
        switch (function, a.tag) {
        case (.int, .int), (.double, .double), (.bool, .bool), (.timestamp, .timestamp),
            (.duration, .duration):
            return a
        case (.int, .double):
            let whole = a.double.rounded(.towardZero)
            guard whole > -0x1p63, whole < 0x1p63 else { return .error(.outOfRange) }
            return .int(Int64(whole))
        case (.int, .timestamp): return .int(a.instant.seconds)
        case (.double, .int): return .double(Double(a.int))
        case (.timestamp, .int):
            return Instant(checkedSeconds: a.int).map { .timestamp($0) } ?? .error(.outOfRange)
        case (.string, .bool): return makeText(a.isTrue ? "true" : "false")
        case (.string, .int): return makeText(String(a.int))
        case (.string, .double): return makeText(Arithmetic.text(of: a.double))
        case (.string, .timestamp): return makeText(TimeText.text(of: a.instant))
        case (.string, .duration): return makeText(TimeText.text(ofDuration: a.int))
        default: return .error(.noOverload)
        }
    }

    private func parsed(_ function: Function, _ value: Value, _ text: String) -> Value {
        switch function {
        case .string: return value
        case .int: return Operators.parseInt(text).map { .int($0) } ?? .error(.badConversion)
        case .double:
            return Operators.parseDouble(text).map { .double($0) } ?? .error(.badConversion)
        case .bool:
            switch text {
            case "1", "t", "true", "TRUE", "True": return .bool(true)
            case "0", "f", "false", "FALSE", "False": return .bool(false)
            default: return .error(.badConversion)
            }
        case .timestamp:
            return TimeText.instant(text).map { .timestamp($0) } ?? .error(.badConversion)
        case .duration:
            return TimeText.duration(text).map { .duration($0) } ?? .error(.badConversion)
        default: return .error(.noOverload)
        }
    }
}
