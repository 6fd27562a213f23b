internal import AssayMessages
internal import RuleLanguage
internal import Wire

/// One event of the past with everything that rules and a policy need to judge it again.
struct BacktestEvent {
    /// What was decided then, as far as a replay is held against it.
    struct Recorded: Equatable {
        var status: RiskStatus
        /// Thousandths of a point.
        var score: Int64
        /// Rules that held, by rising id.
        var rules: [String]
    }

    /// The facts as the live rules see them; its run is not filled in.
    var live: Assessment
    /// The same facts in the candidate's catalogue; nil: the catalogues are alike.
    var candidate: Assessment?
    /// When it happened, in seconds since 1970: validity of rules goes by it.
    var second: Int64
    /// Facts that it was expected to have.
    var expected: ExpectedFacts
    /// When it was decided, or happened if nobody decided it.
    var at: Timestamp
    var decisionID: UniqueID
    var transactionID = ""
    /// Customer or account; empty if nobody is known.
    var subject = ""
    var recorded: Recorded?
    /// Facts that the catalogue of then did not have, by their names.
    var unrecorded: Set<String> = []
    /// Whether it turned out to be fraud; nil: nobody knows.
    var isFraud: Bool?
    /// Minor units of the base currency; 0 if it is of another one.
    var amount: Int64 = 0
}

extension Assessment {
    /// Minor units of the base currency that the event moves; 0 if that is not known.
    var amount: Int64 {
        guard let slot = sheet.catalogue.schema.slot(of: "tx.amount"),
            case .int(let amount) = sheet.frame.value(at: slot)
        else { return 0 }
        return amount
    }
}

extension ModelOutcome {
    /// A probability of the past, of which nothing else is needed.
    static func recorded(_ probability: Double) -> ModelOutcome {
        .answer(
            ModelAnswer(
                name: "",
                response: AssayModelsV1.PredictResponse(margin: [0], probability: [probability])))
    }
}
