internal import AssayMessages
internal import Foundation
internal import Wire

/// Where two outcomes differ, field by field.
enum OutcomeComparison {
    static let maximumDifferences = 64
    private static let maximumBytes = 512

    /// Empty if they are the same, byte for byte.
    static func differences(
        _ recorded: AssayRiskV1.RecordedOutcome, _ replayed: AssayRiskV1.RecordedOutcome
    ) -> [AssayRiskV1.OutcomeDifference] {
        guard !recorded.isSame(as: replayed) else { return [] }
        var found: [AssayRiskV1.OutcomeDifference] = []
        if let a = try? JSONSerialization.jsonObject(with: Data(recorded.json())),
            let b = try? JSONSerialization.jsonObject(with: Data(replayed.json()))
        {
            compare(a, b, "", &found)
        }
        if found.isEmpty {
            // Such as a zero with another sign, which has no JSON of its own.
            found.append(
                AssayRiskV1.OutcomeDifference(
                    field: "bytes", recorded: hexadecimal(recorded.encoded()),
                    replayed: hexadecimal(replayed.encoded())))
        }
        return Array(found.prefix(maximumDifferences))
    }

    private static func compare(
        _ a: Any?, _ b: Any?, _ path: String, _ found: inout [AssayRiskV1.OutcomeDifference]
    ) {
        guard found.count < maximumDifferences else { return }
        if let x = a as? [String: Any], let y = b as? [String: Any] {
            for key in Set(x.keys).union(y.keys).sorted() {
                compare(x[key], y[key], path.isEmpty ? key : path + "." + key, &found)
            }
        } else if let x = a as? [Any], let y = b as? [Any] {
            for index in 0..<max(x.count, y.count) {
                compare(
                    index < x.count ? x[index] : nil, index < y.count ? y[index] : nil,
                    "\(path)[\(index)]", &found)
            }
        } else if !isEqual(a, b) {
            found.append(
                AssayRiskV1.OutcomeDifference(
                    field: String(path.prefix(128)), recorded: text(a), replayed: text(b)))
        }
    }

    private static func isEqual(_ a: Any?, _ b: Any?) -> Bool {
        guard let x = a as? NSObject, let y = b as? NSObject else { return a == nil && b == nil }
        return x.isEqual(y)
    }

    private static func text(_ value: Any?) -> String {
        guard let value else { return "" }
        guard value is [String: Any] || value is [Any],
            let data = try? JSONSerialization.data(withJSONObject: value, options: [.sortedKeys])
        else { return cut("\(value)") }
        return cut(String(decoding: data, as: UTF8.self))
    }

    private static func cut(_ text: String) -> String {
        var text = text
        while text.utf8.count > maximumBytes { text.removeLast() }
        return text
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        cut(bytes.prefix(256).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
    }
}
