import ArgumentParser
import AssayMessages
import RPC
import Wire

/// Lists decisions, newest first.
struct DecisionsListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists decisions, newest first.")

    enum Status: String, CaseIterable, ExpressibleByArgument {
        case approved, challenge, review, declined

        var message: AssayRiskV1.Status {
            switch self {
            case .approved: .approved
            case .challenge: .challenge
            case .review: .review
            case .declined: .declined
            }
        }
    }

    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case transaction, credit

        var message: AssayRiskV1.DecisionKind { self == .credit ? .credit : .transaction }
    }

    @Option(help: "Id of a customer or an account.") var subject: String?
    @Option(help: "Id of a transaction.") var transaction: String?
    @Option(help: "Id of a rule that held, such as VEL-001.") var rule: String?
    @Option(help: "How they came out.") var status: Status?
    @Option(help: "Payments or loan applications.") var kind: Kind?
    @Option(help: "Decided at or after: a time, or 12h for so long ago.") var since: String?
    @Option(help: "Decided before: a time, or 12h for so long ago.") var until: String?
    @Option(help: "At most so many.") var limit = 20
    @Flag(help: "One decision a line, as JSON.") var json = false
    @OptionGroup var service: DecisionsOptions

    private static let largestPage = 40
    /// Pages that may come back empty, because what is looked for is rare.
    private static let mostPages = 1_000

    func validate() throws {
        guard limit > 0, limit <= 100_000 else {
            throw ValidationError("--limit is 1 to 100000")
        }
    }

    func run() async throws {
        let request = try request()
        let found = try await service.call(deadline: .seconds(120)) { client, options in
            try await Self.decisions(request, limit, client, options)
        }
        if json {
            for decision in found { print(String(decoding: decision.json(), as: UTF8.self)) }
            return
        }
        if found.isEmpty { return print("no decision fits") }
        for line in DecisionTable.lines(found) { print(line) }
    }

    private func request() throws -> AssayRiskV1.ListDecisionsRequest {
        var request = AssayRiskV1.ListDecisionsRequest()
        request.subject = subject ?? ""
        request.transactionID = transaction ?? ""
        request.rule = rule ?? ""
        if let status { request.status = status.message }
        if let kind { request.kind = kind.message }
        if let since { request.since = try DecisionsOptions.time(since) }
        if let until { request.until = try DecisionsOptions.time(until) }
        request.pageSize = UInt32(min(limit, Self.largestPage))
        return request
    }

    private static func decisions(
        _ first: AssayRiskV1.ListDecisionsRequest, _ limit: Int,
        _ client: AssayRiskV1.RiskAssessment.Client, _ options: CallOptions
    ) async throws -> [AssayRiskV1.Decision] {
        var request = first
        var found: [AssayRiskV1.Decision] = []
        var pages = 0
        while found.count < limit, pages < mostPages {
            let page = try await client.listDecisions(request, options: options)
            found += page.decisions
            pages += 1
            if page.nextPageToken.isEmpty { break }
            request.pageToken = page.nextPageToken
        }
        return Array(found.prefix(limit))
    }
}
