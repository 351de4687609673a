"""An ordinary word beside the word queue is the queue's name, unless grammar explains why it stands there."""

from __future__ import annotations

import pytest

from agent.embedded.slots import read_slots

TARGETS = {"main": "redis"}

NAMED_EN = [
    ("Why is queue other growing?", ["other"]),
    ("Purge the queue mail", ["mail"]),
    ("Then check queue user", ["user"]),
    ("show me 3 messages from queue test", ["test"]),
    ("who consumes queue backup?", ["backup"]),
    ("is queue new empty?", ["new"]),
    ("queue support has 10k messages, why?", ["support"]),
    ("diagnose the queue customers", ["customers"]),
    ("diagnose queue document on main", ["document"]),
    ("why does queue service keep growing", ["service"]),
    ("peek at queue alerts", ["alerts"]),
    ("queue: test, how long is it", ["test"]),
    ("queue named other, is it stuck?", ["other"]),
    ("the queue called jobs is stuck, why", ["jobs"]),
    ("compare queues mail and other", ["mail", "other"]),
    ('what is in the "other" queue', ["other"]),
    ("is anyone reading from 'test'?", ["test"]),
    ("show stats of topic trades", ["trades"]),
    ("how old are the messages in queue requests?", ["requests"]),
    ("queue search: how many?", ["search"]),
    ("queue low-latency is growing", ["low-latency"]),
    ("what about queue other", ["other"]),
    ("Is queue product stuck again?", ["product"]),
    ("tell me why queue account stopped", ["account"]),
    ("how big is queue second-hand?", ["second-hand"]),
    ("what is happening in queue order", ["order"]),
    ("queue api keeps growing, find out why", ["api"]),
    ("queue data is not moving since noon", ["data"]),
    ("how many consumers does queue event have", ["event"]),
    ("queue temp: how deep?", ["temp"]),
    ("is anything wrong with queue stream?", ["stream"]),
    ("how fast does the document queue drain?", ["document"]),
]
NAMED_RU = [
    ("Почему растёт очередь тест?", ["тест"]),
    ("почему растет очередь «тест»", ["тест"]),
    ("очередь прочее забилась, почему?", ["прочее"]),
    ("кто читает очередь чат?", ["чат"]),
    ("замерь очередь платежи 20 секунд", ["платежи"]),
    ("какая длина у очереди картинки", ["картинки"]),
    ("почему не разбирается очередь уведомления", ["уведомления"]),
    ("очередь тест на main растёт", ["тест"]),
    ("почему в очереди архив столько сообщений", ["архив"]),
    ("диагностируй очередь импорт", ["imports"]),
    ("почему очередь other растёт", ["other"]),
    ("сколько задач в очереди user", ["user"]),
    ("посмотри очередь work", ["work"]),
    ("очередь под названием тест растёт", ["тест"]),
    ("очередь новые не уменьшается", ["новые"]),
    ("очередь быстрый стоит", ["быстрый"]),
    ("что творится с «тест»", ["тест"]),
    ("почему очередь mail растёт", ["mail"]),
    ("очередь other?", ["other"]),
    ("нет, я про очередь почта", ["почта"]),
    ("кто слушает очередь с именем задачи", ["задачи"]),
    ("почему не двигается очередь склад", ["склад"]),
    ("Сколько задач в очереди отправка?", ["отправка"]),
    ("кто разбирает очередь возвраты?", ["возвраты"]),
    ("очередь письма забита", ["письма"]),
    ("почему тормозит очередь поиск", ["поиск"]),
    ("покажи, что лежит в очереди логи", ["логи"]),
    ("очередь прод растёт", ["prod"]),
    ("есть ли потребители у очереди скидки", ["скидки"]),
    ("почему очередь general пухнет", ["general"]),
    ("растёт очередь ошибки, почему?", ["ошибки"]),
    ("очередь разное стоит", ["разное"]),
]
GRAMMAR_EN = [
    "is the queue ok?",
    "why is the queue slow",
    "why is the queue full?",
    "is the queue long right now?",
    "queue depth on main",
    "what is the queue length",
    "queue status",
    "which queue has the most messages?",
    "any queue growing?",
    "is any queue stuck",
    "did the queue shrink",
    "the queue never empties",
    "the queue suddenly exploded",
    "how many queue consumers are connected",
    "do I need a queue server",
    "we queue requests faster than we process them",
    "they queue data all day",
    "is the queue there",
    "queues and their depths?",
    "how are the queues today",
    "message queue is slow, why?",
    "the task queue keeps growing",
    "what is a dead letter queue",
    "is there an empty queue",
    "explain queue latency",
    "fix the queue issue",
    "why is the queue this long",
    "queue and workers please",
    "does the queue work",
    "does the queue support priorities",
    "will the queue change",
    "the queue refuses to shrink",
    "my queue doesn't move at all",
    "has the queue recovered",
    "is queue mirroring worth it",
    "the queue appears frozen",
    "and the queue itself?",
    "is the queue still there",
    "who reads the queue these days",
    "what put the queue there",
    "get the queue moving",
    "make the queue shorter",
    "is the queue short enough",
    "in which queue are the tasks",
    "any queues without workers",
    "task queue vs message queue",
]
GRAMMAR_RU = [
    "почему очередь стоит",
    "очередь забита",
    "очередь пуста?",
    "очередь всё растёт и растёт",
    "сколько в очереди задач",
    "что в очереди сейчас",
    "какая очередь растёт",
    "очередь выросла за ночь",
    "очередь перестала уменьшаться",
    "глубина очереди какая",
    "какие очереди большие",
    "как устроена очередь брокера",
    "в первую очередь проверь память",
    "в первую очередь воркеры",
    "очередь заказов растёт",
    "очередь когда-нибудь опустеет?",
    "очередь тоже стоит",
    "очередь должна быть пустой",
    "очередь занята",
    "с очередью проблема",
    "в очереди куча задач",
    "очередь мёртвых сообщений",
    "какая очередь главная",
    "моя очередь стоит",
    "очередь у нас стоит",
    "очередь встала колом",
    "очередь стала огромной",
    "очередь снова забилась, что делать",
    "очередь тает",
    "очередь так и не опустела",
    "очередь вот-вот переполнится",
    "очередь точно пустая?",
    "очередь как чистить",
    "сколько стоит очередь",
    "кому нужна очередь",
    "задачи в очереди растут",
    "в очереди стало пусто",
    "в очереди новые сообщения",
    "сообщения в очереди копятся",
    "из очереди пропали сообщения",
    "очередь подросла",
    "у очереди нет потребителей",
    "очередь засорилась",
    "очередь бесконечная",
    "очередь жива?",
    "очередь мёртвая",
]


@pytest.mark.parametrize(("text", "queues"), [*NAMED_EN, *NAMED_RU])
def test_a_word_beside_queue_is_its_name(text, queues):
    assert read_slots(text, TARGETS, []).queues == queues


@pytest.mark.parametrize("text", [*GRAMMAR_EN, *GRAMMAR_RU])
def test_a_word_that_grammar_puts_beside_queue_is_no_name(text):
    assert read_slots(text, TARGETS, []).queues == []


@pytest.mark.parametrize(
    ("text", "tool", "queue"),
    [
        ("Why is queue other growing?", "diagnose", "other"),
        ("Почему растёт очередь тест?", "diagnose", "тест"),
        ("how many messages are in the test queue?", "inspect_queue", "test"),
        ("сколько сообщений в очереди почта?", "inspect_queue", "почта"),
        ("show me 3 messages from queue work", "peek_messages", "work"),
        ("замерь очередь платежи за 20 секунд", "measure", "платежи"),
    ],
)
def test_the_named_queue_reaches_the_call(ask, text, tool, queue):
    route = ask(text)
    assert (route.tool, route.args["queue"]) == (tool, queue)


@pytest.mark.parametrize("text", ["why is the queue slow?", "почему очередь стоит?", "why is my queue backing up?"])
def test_an_unnamed_queue_is_left_open(ask, text):
    route = ask(text)
    assert (route.tool, route.args) == ("diagnose", {"target": "main"})


def test_a_word_that_a_target_is_called_by_is_a_queue_straight_after_the_word(ask):
    route = ask("how many messages are in queue test?", targets={"test": "redis", "main": "redis"})
    assert (route.missing, route.wanted) == (["target"], "inspect_queue")


def test_a_thread_knows_a_queue_with_a_cyrillic_name(ask):
    assert ask("почему почта стоит?", queues=["почта"]).args["queue"] == "почта"
