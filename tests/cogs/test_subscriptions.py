"""Subscribing as people do it: commands, choices, and the sentences that answer them."""

import logging
import re
from typing import Any

import discord
import pytest

from bot.domain.digests import Digest, Listing
from bot.domain.subscriptions import SuspensionCause
from bot.services.clock import utc_now
from tests.builders import a_daily_time, a_paper, a_summary, utc
from tests.cogs.conftest import NOON, Lab

NEXT_MORNING_IN_SEOUL = int(utc(2024, 6, 5).timestamp())


async def test_subscribing_with_nothing_chosen_takes_this_channel_and_says_what_holds(
    lab: Lab,
) -> None:
    answer = await lab.slash("subscribe")
    next_post = int(utc(2024, 6, 5, 9).timestamp())
    assert lab.channel.mention in answer.content
    assert "09:00 (UTC)" in answer.content
    assert "English" in answer.content
    assert "up to 25 cards" in answer.content
    assert f"<t:{next_post}:F>" in answer.content
    [card] = answer.embeds
    assert card.title == "Paper 1"
    assert "Test" in str(card.footer.text)


async def test_every_choice_is_kept(lab: Lab) -> None:
    role = lab.guild.create_role("papers", mentionable=True)
    other = lab.guild.create_text_channel("other")
    answer = await lab.slash(
        "subscribe",
        channel=other,
        time="7:30 am",
        timezone="seoul",
        language="English",
        limit=5,
        role=role,
        quiet_days=False,
    )
    assert other.mention in answer.content
    preferences = (await lab.app.subscribing.of_channel(other.id)).preferences
    assert preferences.daily == a_daily_time("07:30")
    assert (preferences.language, preferences.limit) == ("en", 5)
    assert preferences.role_id == role.id
    assert not preferences.announce_quiet_days


async def test_a_channel_has_one_subscription(lab: Lab) -> None:
    await lab.slash("subscribe")
    again = await lab.slash("subscribe", time="10:00")
    assert "/subscription edit" in again.content
    assert (await lab.app.subscribing.of_channel(lab.channel.id)).preferences.daily.at.hour == 9


async def test_several_channels_of_a_server_can_be_subscribed(lab: Lab) -> None:
    other = lab.guild.create_news_channel("announcements")
    await lab.slash("subscribe")
    await lab.slash("subscribe", channel=other)
    answer = await lab.slash("subscription list")
    assert lab.channel.mention in answer.content
    assert other.mention in answer.content
    assert answer.content.count("Next post") == 2


async def test_a_channel_may_have_its_papers_in_the_order_of_its_taste(lab: Lab) -> None:
    answer = await lab.slash("subscribe", order="taste")
    assert "ordered by what this channel likes" in answer.content

    answer = await lab.slash("subscription edit", time="08:30")
    assert "ordered by what this channel likes" in answer.content
    answer = await lab.slash("subscription edit", order="votes")
    assert "ordered by" not in answer.content


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"time": "25:00"}, "Write it as `09:00`"),
        ({"time": "soon"}, "Write it as `09:00`"),
        ({"timezone": "Berln"}, "`Europe/Berlin`"),
        ({"timezone": "nowhere at all"}, "Choose one from the list"),
        ({"language": "Klingon"}, "I have them in: `en` (English)"),
    ],
)
async def test_a_wrong_choice_is_answered_with_what_to_write(
    lab: Lab, options: dict[str, Any], says: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bot")
    answer = await lab.slash("subscribe", **options)
    assert says in answer.content
    [logged] = [record for record in caplog.records if record.name == "bot.answering"]
    [typed] = options.values()
    assert typed not in logged.getMessage(), "what people type is not for the log"
    assert await lab.app.subscribing.in_guild(lab.guild.id) == ()


async def test_a_channel_of_the_wrong_kind_is_answered_with_the_right_ones(lab: Lab) -> None:
    for kind, says in (
        (lab.guild.create_forum_channel("forum"), "choose one of them"),
        (lab.guild.create_voice_channel("voice"), "for talking"),
        (lab.guild.create_category("category"), "holds channels"),
    ):
        answer = await lab.slash("subscribe", channel=kind)
        assert says in answer.content
        assert "Choose a text channel, an announcement channel or a thread." in answer.content


async def test_a_thread_can_be_subscribed_and_gets_its_papers(lab: Lab) -> None:
    channel = lab.app.bot.get_channel(lab.channel.id)
    assert isinstance(channel, discord.TextChannel)
    await channel.create_thread(name="daily", type=discord.ChannelType.public_thread)
    [thread] = lab.channel.threads
    answer = await lab.slash("subscribe", channel=thread)
    assert thread.mention in answer.content

    await lab.deliver(thread)
    assert [message.embeds[0].title for message in thread.history()] == [
        "Paper 1",
        "Paper 2",
        "Paper 3",
    ]
    assert lab.channel.history()[1:] == [], "nothing but the notice that the thread began"


async def test_the_papers_come_to_an_announcement_channel_with_its_role_mentioned_once(
    lab: Lab,
) -> None:
    news = lab.guild.create_news_channel("news")
    role = lab.guild.create_role("papers", mentionable=True)
    await lab.slash("subscribe", channel=news, role=role, limit=2)
    await lab.deliver(news)
    *cards, closing = news.history()
    assert [role.id in message.raw_role_mentions for message in cards] == [True, False]
    assert "Paper 3" in str(closing.embeds[0].description)
    assert {button.label for row in cards[0].components for button in row.children} == {  # type: ignore[union-attr]
        "arXiv",
        "Hugging Face",
        "Like",
        "Save",
        "More like this",
        "Follow",
    }


async def test_what_the_bot_lacks_is_named_exactly(lab: Lab) -> None:
    shut = lab.a_channel_denying("shut", embed_links=True, add_reactions=True)
    answer = await lab.slash("subscribe", channel=shut)
    assert "**Embed Links and Add Reactions**" in answer.content
    for unneeded in ("View", "Send", "History", "Threads"):
        assert unneeded not in answer.content
    assert await lab.app.subscribing.in_guild(lab.guild.id) == ()


async def test_a_channel_that_the_bot_cannot_see_is_named_too(lab: Lab) -> None:
    hidden = lab.a_channel_denying("hidden", view_channel=True)
    answer = await lab.slash("subscribe", channel=hidden)
    assert "View Channel" in answer.content


async def test_only_those_who_may_manage_the_named_channel_can_subscribe_it(lab: Lab) -> None:
    """The command is open to them here; the channel in its option is another's."""
    managing = discord.PermissionOverwrite(manage_channels=True)
    own = lab.guild.create_text_channel("own", overwrites={lab.reader: managing})
    for command in ("subscribe", "unsubscribe", "subscription pause", "subscription test"):
        answer = await lab.slash(command, by=lab.reader, at=own, channel=lab.channel)
        assert "**Manage Channels**" in answer.content
    assert "09:00" in (await lab.slash("subscribe", by=lab.reader, at=own)).content


async def test_a_role_is_one_that_readers_can_take(lab: Lab) -> None:
    everyone = await lab.slash("subscribe", role=lab.guild.default_role)
    assert "never mention @everyone" in everyone.content


async def test_a_role_that_the_bot_may_not_mention_is_told(lab: Lab) -> None:
    role = lab.guild.create_role("closed")
    quiet = lab.a_channel_denying("quiet", mention_everyone=True)
    answer = await lab.slash("subscribe", channel=quiet, role=role)
    assert "Allow anyone to @mention this role" in answer.content


async def test_editing_changes_what_was_named_and_nothing_else(lab: Lab) -> None:
    await lab.slash("subscribe", time="07:30", timezone="Asia/Seoul", limit=5)
    answer = await lab.slash("subscription edit", time="09:00")
    assert f"<t:{NEXT_MORNING_IN_SEOUL}:F>" in answer.content
    preferences = (await lab.app.subscribing.of_channel(lab.channel.id)).preferences
    assert preferences.daily == a_daily_time("09:00")
    assert preferences.limit == 5


async def test_a_role_can_be_taken_back(lab: Lab) -> None:
    role = lab.guild.create_role("papers", mentionable=True)
    await lab.slash("subscribe", role=role)
    assert role.mention in (await lab.slash("subscription list")).content
    await lab.slash("subscription edit", no_role=True)
    assert role.mention not in (await lab.slash("subscription list")).content


async def test_editing_nothing_says_what_holds(lab: Lab) -> None:
    await lab.slash("subscribe")
    answer = await lab.slash("subscription edit")
    assert "Nothing to change" in answer.content
    assert "09:00 (UTC)" in answer.content


async def test_pausing_and_resuming(lab: Lab) -> None:
    await lab.slash("subscribe", timezone="Asia/Seoul")
    assert "/subscription resume" in (await lab.slash("subscription pause")).content
    assert "**Paused**" in (await lab.slash("subscription list")).content
    resumed = await lab.slash("subscription resume")
    assert f"<t:{NEXT_MORNING_IN_SEOUL}:F>" in resumed.content


async def test_the_list_names_only_channels_that_one_may_manage(lab: Lab) -> None:
    managing = discord.PermissionOverwrite(manage_channels=True)
    own = lab.guild.create_text_channel("own", overwrites={lab.reader: managing})
    await lab.slash("subscribe")
    await lab.slash("subscribe", channel=own)
    listed = (await lab.slash("subscription list", by=lab.reader, at=own)).content
    assert own.mention in listed
    assert lab.channel.mention not in listed


async def test_a_channel_that_is_deleted_ends_its_subscription(lab: Lab) -> None:
    await lab.slash("subscribe")
    channel = lab.app.bot.get_channel(lab.channel.id)
    assert isinstance(channel, discord.TextChannel)
    other = lab.guild.create_text_channel("other")
    await channel.delete()
    await lab.env.settle()
    assert "No channel is subscribed" in (await lab.slash("subscription list", at=other)).content


async def test_a_role_and_no_role_at_once_is_asked_back(lab: Lab) -> None:
    await lab.slash("subscribe")
    role = lab.guild.create_role("papers", mentionable=True)
    answer = await lab.slash("subscription edit", role=role, no_role=True)
    assert "not both" in answer.content


async def test_a_suspended_subscription_says_why_and_comes_back(lab: Lab) -> None:
    await lab.slash("subscribe")
    subscription = await lab.app.subscribing.of_channel(lab.channel.id)
    async with lab.app.database.transaction() as stores:
        await stores.subscriptions.suspend(
            subscription.id, SuspensionCause.REFUSED, "Missing Permissions (403)", at=utc_now()
        )
    listed = (await lab.slash("subscription list")).content
    assert "**Suspended**" in listed
    assert "Missing Permissions" in listed
    assert "Next post" in (await lab.slash("subscription resume")).content


async def test_the_test_card_is_marked_as_one(lab: Lab) -> None:
    await lab.slash("subscribe")
    [card] = (await lab.slash("subscription test")).embeds
    assert "Test" in str(card.footer.text)
    assert lab.channel.history() == [], "nobody else sees it"


async def test_unsubscribing_ends_it(lab: Lab) -> None:
    await lab.slash("subscribe")
    assert "nothing comes twice" in (await lab.slash("unsubscribe")).content
    assert "No channel is subscribed" in (await lab.slash("subscription list")).content


@pytest.mark.parametrize(
    "command",
    [
        "unsubscribe",
        "subscription edit",
        "subscription pause",
        "subscription resume",
        "subscription test",
    ],
)
async def test_what_is_not_subscribed_says_how_to_begin(lab: Lab, command: str) -> None:
    answer = await lab.slash(command)
    assert "`/subscribe` starts one" in answer.content


async def test_zones_are_offered_as_one_types_with_the_time_there(lab: Lab) -> None:
    for command in ("subscribe", "subscription edit"):
        offered = await lab.choices(command, "timezone", "seoul")
        assert list(offered.values()) == ["Asia/Seoul"]
        assert "now" in next(iter(offered))
    assert len(await lab.choices("subscribe", "timezone", "")) == 25


async def test_languages_are_offered_that_are_at_hand(lab: Lab) -> None:
    offered = await lab.choices("subscribe", "language", "eng")
    assert list(offered.values()) == ["en"]
    assert await lab.choices("subscribe", "language", "zzz") == {}


async def test_a_language_that_nobody_writes_is_taken_and_told_once_what_would_change_that(
    lab: Lab,
) -> None:
    for typed in ("ko", "Korean", "한국어", "sw"):
        answer = await lab.slash("subscribe", language=typed)
        assert "with the setting `LLM_MODEL`" in answer.content
        await lab.slash("unsubscribe")
    await lab.slash("subscribe", language="sw")
    assert "LLM_MODEL" not in (await lab.slash("subscription edit", limit=3)).content
    assert "LLM_MODEL" not in (await lab.slash("subscription test")).content
    answer = await lab.slash("subscription edit", language="fr")
    assert "no bullets in French yet" in answer.content
    assert "LLM_MODEL" not in (await lab.slash("subscription edit", language="en")).content


async def test_edits_of_cards_can_be_turned_off_and_on(lab: Lab) -> None:
    answer = await lab.slash("subscribe", edits=False)
    assert "cards stay as they were posted" in answer.content
    subscription = await lab.app.subscribing.of_channel(lab.channel.id)
    assert not subscription.preferences.edit_cards
    answer = await lab.slash("subscription edit", edits=True)
    assert "cards stay" not in answer.content
    subscription = await lab.app.subscribing.of_channel(lab.channel.id)
    assert subscription.preferences.edit_cards


async def test_an_error_that_nobody_foresaw_is_one_sentence_with_a_reference(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lab.app.subscribing, "in_guild", None)
    answer = await lab.slash("subscription list")
    [record] = [record for record in caplog.records if record.levelname == "ERROR"]
    assert "went wrong on my side" in answer.content
    assert answer.content.split("`")[1] in record.getMessage()


async def test_a_command_that_discord_still_shows_and_the_bot_no_longer_has_is_told(
    lab: Lab,
) -> None:
    lab.app.bot.tree.remove_command("unsubscribe")
    answer = await lab.slash("unsubscribe")
    assert "Reload Discord" in answer.content


async def test_an_answer_that_reaches_nobody_is_logged_and_breaks_nothing(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    lab.env.inject_error("POST", "/webhooks/*", status=404, code=10015, message="Unknown Webhook")
    await lab.manager.slash(lab.channel, "subscription pause")
    lab.handled = lab.env.errors
    assert "the answer did not arrive" in caplog.text
    assert "No channel is subscribed" in (await lab.slash("subscription list")).content


async def test_with_an_empty_archive_subscribing_works_and_says_so(lab: Lab) -> None:
    async with lab.app.database.reading() as stores:
        assert await stores.lists.newest(until=utc(2024, 6, 1).date()) is None
    lab.app.subscribing._now = lambda: utc(2024, 5, 1)
    answer = await lab.slash("subscribe")
    assert "no papers yet" in answer.content
    assert answer.embeds == []


async def test_every_command_and_option_is_described(lab: Lab) -> None:
    for command in lab.app.bot.tree.walk_commands():
        assert len(command.description) > 10, command.qualified_name
        for parameter in getattr(command, "parameters", []):
            assert len(str(parameter.description)) > 10, f"{command.name} {parameter.name}"


# --- in Korean ----------------------------------------------------------------------------


@pytest.fixture
def korean(lab: Lab) -> Lab:
    """Everybody's Discord is in Korean."""
    lab.strict.locale = discord.Locale.korean
    return lab


async def in_korean(lab: Lab) -> None:
    """Let there be a paper with a Korean summary."""
    paper = a_paper(4, title="A title", summaries=(a_summary("한국어 요약", language="ko"),))
    digest = Digest.of(NOON.date(), [Listing(paper=paper, upvotes=99, live=True)])
    async with lab.app.database.transaction() as stores:
        await stores.lists.save(digest, source="markdown:digests", read_at=NOON, closed=False)


async def test_subscribing_is_answered_in_korean(korean: Lab) -> None:
    await in_korean(korean)
    answer = await korean.slash("subscribe", timezone="seoul", language="한국어", limit=5)
    assert answer.content.startswith("구독을 시작했어요. ")
    assert f"{korean.channel.mention}: 매일 09:00(Asia/Seoul)" in answer.content
    assert "요약 언어 한국어, 카드 최대 5장." in answer.content
    assert f"다음 글은 <t:{NEXT_MORNING_IN_SEOUL}:F>" in answer.content
    assert "카드는 이렇게 보여요." in answer.content
    [card] = answer.embeds
    assert str(card.description).endswith("- 한국어 요약")
    assert str(card.footer.text).endswith("다이제스트 · 미리보기")


async def test_every_answer_to_a_manager_is_in_korean(korean: Lab) -> None:
    role = korean.guild.create_role("papers", mentionable=True)
    said = [
        (await korean.slash(command, **options)).content
        for command, options in (
            ("subscription list", {}),
            ("subscribe", {"role": role, "quiet_days": False}),
            ("subscribe", {}),
            ("subscription edit", {}),
            ("subscription edit", {"time": "10:00"}),
            ("subscription edit", {"role": role, "no_role": True}),
            ("subscription pause", {}),
            ("subscription list", {}),
            ("subscription resume", {}),
            ("subscription test", {}),
            ("unsubscribe", {}),
            ("subscription pause", {}),
        )
    ]
    for content in said:
        assert english_in(content) == [], content


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"time": "언젠가"}, "`언젠가`: 시간으로 읽을 수 없어요."),
        ({"timezone": "어딘가"}, "`어딘가`: 모르는 시간대예요."),
        ({"language": "클링온어"}, "있는 언어: `en`(영어)"),
    ],
)
async def test_a_wrong_choice_is_answered_in_korean(
    korean: Lab, options: dict[str, Any], says: str
) -> None:
    assert says in (await korean.slash("subscribe", **options)).content


async def test_a_language_that_nobody_writes_is_told_of_in_korean(korean: Lab) -> None:
    answer = await korean.slash("subscribe", language="독일어", edits=False)
    assert "아직 독일어 요약이 없어요." in answer.content
    assert english_in(answer.content.replace("`LLM_MODEL`", "")) == []


async def test_a_language_may_be_named_in_any_of_ours(korean: Lab) -> None:
    await korean.slash("subscribe", language="영어")
    assert (await korean.app.subscribing.of_channel(korean.channel.id)).preferences.language == "en"


async def test_permissions_are_named_as_a_korean_discord_shows_them(korean: Lab) -> None:
    shut = korean.a_channel_denying("shut", embed_links=True, add_reactions=True)
    answer = await korean.slash("subscribe", channel=shut)
    assert "**링크 첨부 및 반응 추가하기**" in answer.content
    managing = discord.PermissionOverwrite(manage_channels=True)
    own = korean.guild.create_text_channel("own", overwrites={korean.reader: managing})
    refused = await korean.slash("subscribe", by=korean.reader, at=own, channel=korean.channel)
    assert "**채널 관리하기**" in refused.content


@pytest.mark.parametrize(
    ("cause", "reason", "says"),
    [
        (
            SuspensionCause.LACKING,
            "I lack Send Messages, Embed Links",
            "제게 메시지 보내기 및 링크 첨부 권한이",
        ),
        (SuspensionCause.LACKING, "Missing Access (403)", "**중단됨**: Missing Access"),
        (SuspensionCause.REMOVED, "the server has removed me", "이 서버에 없었어요"),
        (SuspensionCause.REFUSED, "Cannot send (403)", "`/구독설정 재개`"),
    ],
)
async def test_the_reason_of_a_suspension_is_told_in_korean(
    korean: Lab, cause: SuspensionCause, reason: str, says: str
) -> None:
    await korean.slash("subscribe")
    subscription = await korean.app.subscribing.of_channel(korean.channel.id)
    async with korean.app.database.transaction() as stores:
        await stores.subscriptions.suspend(subscription.id, cause, reason, at=utc_now())
    assert says in (await korean.slash("subscription list")).content


async def test_where_no_papers_can_come_is_told_in_korean(
    korean: Lab,
) -> None:
    voice = korean.guild.create_voice_channel("talk")
    answer = await korean.slash("subscribe", at=korean.channel, channel=voice)
    assert answer.content.startswith("음성 채널은 대화를 위한 곳이에요. 텍스트 채널")


async def test_choices_are_offered_in_korean(korean: Lab) -> None:
    [zone] = await korean.choices("subscribe", "timezone", "seoul")
    assert re.fullmatch(r"Asia/Seoul · 지금 \d\d:\d\d", zone)
    assert list(await korean.choices("subscribe", "language", "")) == ["English (영어)"]


async def test_a_channels_posts_are_in_its_own_language_whoever_chose_it(lab: Lab) -> None:
    await in_korean(lab)
    await lab.slash("subscribe", language="ko")
    await lab.deliver(lab.channel)
    first, *_ = lab.channel.history()
    assert first.content.startswith("**오늘의 논문 · 2024년 6월 4일** · 논문 4편 · 출처: ")
    answer = await lab.slash("subscription list")
    assert "bullets in Korean" in answer.content


async def test_an_error_that_nobody_foresaw_is_told_in_korean(
    korean: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(korean.app.subscribing, "in_guild", None)
    assert "제 쪽에서 문제가 생겼어요." in (await korean.slash("subscription list")).content


_NOT_WORDS = re.compile(r"<[^>]+>|\([\w/]+\)|`[^`/]+`|Discord|UTC")
"""Mentions, zones and what somebody typed."""


def english_in(text: str) -> list[str]:
    return re.findall(r"[A-Za-z]+", _NOT_WORDS.sub("", text))
