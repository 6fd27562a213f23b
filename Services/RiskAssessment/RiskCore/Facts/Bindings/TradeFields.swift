internal import AssayMessages
internal import Wire

extension FactField<AssayRiskV1.Bet> {
    static let bet: [FactField] = [
        .number("bet.arb_score", "bet.arb_score") { $0.arbScore },
        .whole("bet.correlated_accounts", "bet.correlated_accounts") { $0.correlatedAccounts },
        .number("bet.hedged_share", "bet.hedged_share") { $0.hedgedShare },
        .whole("bet.seconds_after_event", "bet.seconds_after_event") { $0.secondsAfterEvent },
        .number("bet.stake_ratio", "bet.stake_ratio") { $0.stakeRatio },
        .number("bet.steam_share", "bet.steam_share") { $0.steamShare },
    ]
}

extension FactField<AssayRiskV1.Shop> {
    static let shop: [FactField] = [
        .flag("shop.address_changed_after_auth", "shop.address_changed_after_auth") {
            $0.addressChangedAfterAuth
        },
        .text("shop.category", "shop.category") { $0.category },
        .flag("shop.digital", "shop.digital") { $0.digital },
        .flag("shop.express", "shop.express") { $0.express },
        .number("shop.gift_card_share", "shop.gift_card_share") { $0.giftCardShare },
        .flag("shop.guest", "shop.guest") { $0.guest },
        .whole("shop.max_quantity", "shop.max_quantity") { $0.maxQuantity },
    ]
}

extension FactField<AssayRiskV1.Marketplace> {
    static let marketplace: [FactField] = [
        .number("mkt.price_ratio", "marketplace.price_ratio") { $0.priceRatio },
        .number("mkt.seller_rating", "marketplace.seller_rating") { $0.sellerRating },
        .whole("mkt.seller_ratings", "marketplace.seller_ratings") { $0.sellerRatings },
        .flag("mkt.shared_device", "marketplace.shared_device") { $0.sharedDevice },
        .flag("mkt.shared_payment", "marketplace.shared_payment") { $0.sharedPayment },
    ]
}

extension FactField<AssayRiskV1.Screening> {
    static let screening: [FactField] = [
        .whole("screen.adverse_media_hits", "screening.adverse_media_hits") {
            $0.adverseMediaHits
        },
        .number("screen.sanctions_score", "screening.sanctions_score") { $0.sanctionsScore },
    ]
}

extension FactField<AssayRiskV1.Consortium> {
    static let consortium: [FactField] = [
        .whole("cons.device_reports", "consortium.device_reports") { $0.deviceReports },
        .whole("cons.email_reports", "consortium.email_reports") { $0.emailReports },
    ]
}
