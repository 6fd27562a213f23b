internal import AssayMessages
internal import Wire

extension FactField<AssayRiskV1.Account> {
    static let account: [FactField] = [
        .money("acct.balance", "account.balance") { $0.balance },
        .text("acct.currency", "account.currency") { $0.currency },
        .text("acct.status", "account.status") { $0.status },
        .flag("acct.is_business", "account.is_business") { $0.isBusiness },
        .money("acct.tx_limit", "account.transaction_limit") { $0.transactionLimit },
        .reading("acct.minutes_since_signup", "account.opened_at") { account, context in
            account.openedAt.map { context.age(of: $0, in: .secondsPerMinute) } ?? .absent
        },
        // Who says when an account was opened knows whether it was opened again.
        .reading("acct.reopened_days", "account.reopened_at") { account, context in
            context.age(
                of: account.reopenedAt, in: .secondsPerDay, ifAnswered: account.openedAt != nil)
        },
    ]

    /// What an account says of facts that the feature store would know better.
    static let unobservedAccount: [FactField] = [
        .reading("acct.age_days", "account.opened_at") { account, context in
            account.openedAt.map { context.age(of: $0, in: .secondsPerDay) } ?? .absent
        }
    ]
}
