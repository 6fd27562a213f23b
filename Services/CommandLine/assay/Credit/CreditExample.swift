import AssayMessages
import Foundation
import RPC
import Wire

/// The real applicants of the main job: registers the shipped model, decides on those it has not
/// seen.
struct CreditExample: Sendable {
    static let model = "credit-german"
    static let alias = "champion"

    let workspace: Workspace
    let connection: GatewayConnection
    /// Makes the request ids of this run its own.
    let run: String

    struct Result: Sendable {
        var confusion = ConfusionTable()
        var cases: [(score: Double, isPositive: Bool)] = []
        var examples: [(decision: AssayRiskV1.Decision, isBad: Bool)] = []
    }

    /// Registers the model, unless its alias stands already.
    func registerModel() async throws -> AssayModelsV1.Alias {
        try await ModelPush(connection).ensure(
            model: Self.model, alias: Self.alias,
            manifest: try workspace.shipped("examples", "credit", "manifest.json"),
            artifact: try workspace.shipped("examples", "credit", "model.json"))
    }

    func decide() async throws -> Result {
        let risk = AssayRiskV1.RiskAssessment.Client(connection.transport)
        let applicants = try Applicant.read(
            try workspace.shipped("examples", "credit", "heldout.jsonl"))
        var result = Result()
        for applicant in applicants {
            var request = applicant.request
            request.requestID = "\(run)-\(request.requestID)"
            let decision = try await risk.assessCredit(request, options: connection.options)
                .decision
            guard let credit = decision.credit else {
                throw Complaint("\(request.requestID): the decision has no credit result")
            }
            result.confusion.count(isPositive: applicant.isBad, decision.status)
            result.cases.append((credit.probabilityOfDefault, applicant.isBad))
            result.examples.append((decision, applicant.isBad))
        }
        return result
    }
}
