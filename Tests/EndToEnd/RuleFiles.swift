import Foundation
import TestSupport

/// The shipped rules, changed as an analyst does.
enum RuleFiles {
    static let velocity = "packs/velocity.yaml"

    /// A folder with that pack alone, which loads faster than all of them.
    static func small(in folder: TemporaryDirectory) throws -> String {
        let path = "\(folder.path)/rules"
        try FileManager.default.copyItem(
            atPath: "\(PackageLayout.root)/deploy/rules", toPath: path)
        for pack in try FileManager.default.contentsOfDirectory(atPath: "\(path)/packs")
        where "packs/\(pack)" != velocity {
            try FileManager.default.removeItem(atPath: "\(path)/packs/\(pack)")
        }
        return path
    }

    /// The velocity pack with another hourly limit, and with tests that agree with it.
    static func velocity(limit: Int, testsAgree: Bool = true) throws -> String {
        let path = "\(PackageLayout.root)/deploy/rules/\(velocity)"
        var text = try String(contentsOfFile: path, encoding: .utf8)
        text = text.replacing(
            "\n  hourly_limit: { type: int, unit: count, value: 5",
            with: "\n  hourly_limit: { type: int, unit: count, value: \(limit)")
        guard testsAgree else { return text }
        return
            text
            .replacing(
                "{ given: { vel.acct_cnt_1h: 6 }, expect: hit }",
                with: "{ given: { vel.acct_cnt_1h: \(limit + 1) }, expect: hit }"
            )
            .replacing(
                "{ given: { vel.acct_cnt_1h: 8 }, expect: hit }",
                with: "{ given: { vel.acct_cnt_1h: \(limit + 3) }, expect: hit }"
            )
            .replacing(
                "{ given: { vel.acct_cnt_1h: 5 }, expect: no_hit }",
                with: "{ given: { vel.acct_cnt_1h: \(limit) }, expect: no_hit }")
    }

    /// The hourly limit that a text of the pack has.
    static func limit(in text: String) -> Int? {
        text.firstMatch(of: /\n  hourly_limit: \{ type: int, unit: count, value: (\d+)/)
            .flatMap { Int($0.1) }
    }

    /// A payment of an account that nobody has seen, which says how many it made within an hour.
    static func payment(_ id: String, claiming payments: Int) -> String {
        """
        {"requestId":"\(id)","industry":"fintech",
         "transaction":{"transactionId":"\(id)","occurredAt":"\(Payments.now)",
           "amount":{"currency":"EUR","amount":"19.99"},"type":"purchase","channel":"web",
           "country":"DE"},
         "account":{"accountId":"account-\(id)"},"customer":{"customerId":"customer-\(id)"},
         "card":{"token":"card-\(id)"},"claimed":{"transactionsLastHour":"\(payments)"}}
        """
    }
}
