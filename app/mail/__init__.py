"""Mail, where SMTP_URL is set: written with what it tells of, sent by the worker."""

from flask import Blueprint, Flask

blueprint = Blueprint("mail", __name__)


def init_app(app: Flask) -> None:
    """Register the pages of mail, and have it told of what is worth a mail."""
    # Here, not above: config and models come before what hangs on the blueprint of this module.
    from app.accounts.password_links import link_handed_out
    from app.accounts.resets import password_reset_wanted
    from app.mail import views
    from app.mail.account_mail import mail_link, mail_reset
    from app.mail.commands import test_mail
    from app.mail.mention_mail import mail_mentions
    from app.mail.profile import mail_section
    from app.okrs.mentions import people_mentioned

    link_handed_out.connect(mail_link)
    password_reset_wanted.connect(mail_reset)
    people_mentioned.connect(mail_mentions)
    # A mail program that unsubscribes someone sends no CSRF token; the address says who it is.
    app.extensions["csrf"].exempt(views.unsubscribe)
    app.register_blueprint(blueprint)
    app.cli.add_command(test_mail)
    app.jinja_env.globals["mail_section"] = mail_section
