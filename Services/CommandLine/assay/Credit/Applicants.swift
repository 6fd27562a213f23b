import AssayMessages
import Foundation
import Wire

/// An applicant of the credit example: the request, and how the loan turned out.
struct Applicant: Sendable {
    var request: AssayRiskV1.AssessCreditRequest
    var isBad: Bool

    /// One JSON object per line: `request` as the JSON face takes it, `outcome` good or bad.
    static func read(_ path: String) throws -> [Applicant] {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        return try text.split(separator: "\n").enumerated().map { index, line in
            do {
                return try Applicant(line: String(line))
            } catch {
                throw Complaint("\(path):\(index + 1): \(error)")
            }
        }
    }

    private init(line: String) throws {
        guard
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
            let fields = object["request"], let outcome = object["outcome"] as? String,
            ["good", "bad"].contains(outcome)
        else { throw Complaint("expected request and outcome (good or bad)") }
        let bytes = try JSONSerialization.data(withJSONObject: fields)
        request = try AssayRiskV1.AssessCreditRequest(jsonBytes: Array(bytes))
        isBad = outcome == "bad"
    }
}
